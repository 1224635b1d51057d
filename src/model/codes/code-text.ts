/** The explanation of a code for a person, in Markdown of one line each. */
export interface CodeText {
  /** What has happened, or what is in the way. */
  readonly means: string;
  /** What to do about it. */
  readonly todo: string;
}
