import { answering } from '../src/jobs/answering.js';
import { runCheckJob } from '../src/jobs/check-job.js';

export default answering<'check'>(runCheckJob);
