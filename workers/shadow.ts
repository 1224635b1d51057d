import { answering } from '../src/jobs/answering.js';
import { runShadowJob } from '../src/jobs/shadow-job.js';

export default answering<'shadow'>(runShadowJob);
