import { answering } from '../src/jobs/answering.js';
import { runKeysetJob } from '../src/jobs/keyset-job.js';

export default answering<'keyset'>(runKeysetJob);
