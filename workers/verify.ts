import { answering } from '../src/jobs/answering.js';
import { runVerifyJob } from '../src/jobs/verify-job.js';

export default answering<'verify'>(runVerifyJob);
