import { answering } from '../src/jobs/answering.js';
import { runValuesJob } from '../src/jobs/values-job.js';

export default answering<'values'>(runValuesJob);
