import { answering } from '../src/jobs/answering.js';
import { runCarryJob } from '../src/jobs/carry/carry-job.js';

export default answering<'carry'>(runCarryJob);
