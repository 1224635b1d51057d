import { answering } from '../src/jobs/answering.js';
import { runChangesJob } from '../src/jobs/follow/changes-job.js';

export default answering<'changes'>(runChangesJob);
