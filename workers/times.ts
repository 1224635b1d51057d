import { answering } from '../src/jobs/answering.js';
import { runTimesJob } from '../src/jobs/times-job.js';

export default answering<'times'>(runTimesJob);
