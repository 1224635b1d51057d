import { answering } from '../src/jobs/answering.js';
import { runCopyJob } from '../src/copy/copy-job.js';

export default answering(runCopyJob);
