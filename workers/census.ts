import { answering } from '../src/jobs/answering.js';
import { runCensusJob } from '../src/jobs/census-job.js';

export default answering<'census'>(runCensusJob);
