import { answering } from '../src/jobs/answering.js';
import { runRoundJob } from '../src/jobs/follow/round-job.js';

export default answering<'round'>(runRoundJob);
