import { answering } from '../src/jobs/answering.js';
import { runSettleJob } from '../src/copy/settle-job.js';

export default answering<'settle'>(runSettleJob);
