import { answering } from '../src/jobs/answering.js';
import { runTrialJob } from '../src/jobs/trial-job.js';

export default answering<'trial'>(runTrialJob);
