import { readFileSync } from 'node:fs';

/*
 * Stops `npm publish` while package.json names no real place: its addresses are of a domain that nobody can have.
 */
const { repository, bugs } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly repository: { readonly url: string };
  readonly bugs: { readonly url: string };
};
if ([repository.url, bugs.url].some((url) => /\.example\//.test(url))) {
  console.error('package.json: write the address of the repository and of its issues before it is published');
  process.exitCode = 1;
}
