import { answering } from '../src/jobs/answering.js';
import { runCopyJob } from '../src/copy/copy-chunk.js';

export default answering<'copy'>(runCopyJob);
