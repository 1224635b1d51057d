import { answering } from '../src/jobs/answering.js';
import { runRepairJob } from '../src/jobs/follow/repair-job.js';

export default answering<'repair'>(runRepairJob);
