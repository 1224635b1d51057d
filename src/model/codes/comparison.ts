import type { CodeText } from './code-text.js';

/** What a comparison of the two sides finds: exit code 1 where they differ. */
export const verifyCodes = {
  'verify.changed': {
    means: 'A row has another value on the target.',
    todo: 'If the application has written since the migration, that is why; else keep the run folder and report it.',
  },
  'verify.extra': {
    means: 'The target has a row that the source does not have.',
    todo: 'See who wrote it; `--truncate-target` with a new run replaces all rows.',
  },
  'verify.missing': {
    means: 'A row of the source is not on the target.',
    todo: 'See who deleted it, or, if rows were added to the source since, migrate again.',
  },
  'verify.kept': {
    means: 'Rows that the target had before the load, and that were to stay, were changed or removed.',
    todo: 'Compare them with `postgres-precutover.sql` in the folder of the run; load again once they are as wanted.',
  },
  'verify.more': {
    means: 'There are more differences than are named.',
    todo: 'Raise `--differences-max`.',
  },
  'verify.object_changed': {
    means: 'A column, key, constraint, index or trigger is not what it was before the load.',
    todo: 'Bring it back, or give it up by the name in the hint.',
  },
  'verify.object_extra': {
    means: 'An object of the schema was not there before the load.',
    todo: 'See who made it, or waive it by the name in the hint.',
  },
  'verify.object_missing': {
    means: 'An object of the schema is gone since the load.',
    todo: 'Make it again; its definition is in the message. Or give it up by the name in the hint.',
  },
  'verify.object_not_in_force': {
    means: 'A constraint is not validated, an index not valid, or a trigger disabled.',
    todo: 'Bring it into force (VALIDATE CONSTRAINT, REINDEX, ENABLE TRIGGER).',
  },
  'verify.repeated': {
    means: 'The target has a row more often than the source.',
    todo: 'See who inserted it; a new run with `--truncate-target` replaces all rows.',
  },
  'verify.schema_differs': {
    means:
      'SQLite’s schema promises something that the target’s does not have. A warning where pgferry did not make the schema.',
    todo: 'Make it on the target if the application relies on it.',
  },
  'verify.sequence_behind': {
    means: 'A sequence would give a number that is or was taken.',
    todo: 'Run the `setval` that the hint has.',
  },
  'verify.sequence_exhausted': {
    means:
      'A sequence has no number left beyond those that are or were taken: the next insert of the application fails, or gets a number that is taken where the sequence cycles. A warning.',
    todo: 'Make the column `bigint`, and let its sequence go further: the hint has both statements.',
  },
  'verify.sequence_unread': {
    means: 'The role may not read a sequence, so that it was not looked at. A warning.',
    todo: 'Grant SELECT on it.',
  },
} as const satisfies Readonly<Record<`verify.${string}`, CodeText>>;

/** What the shadow reads find. */
export const shadowCodes = {
  'shadow.differs': {
    means: 'A read gives other rows on the two sides.',
    todo: 'Read what may lie behind it in the hint; `pgferry verify` compares the tables themselves.',
  },
  'shadow.failed': {
    means: 'One side does not take a read.',
    todo: 'Write it for that side (`sql` with `source` and `target`); the application needs the same change.',
  },
  'shadow.kept': {
    means: 'Reads were left out, since their tables have rows in quarantine or converted ones. A warning.',
    todo: 'Name the ones that matter under `shadowReads`.',
  },
  'shadow.more': {
    means: 'More reads suggest themselves than are run. A warning.',
    todo: 'Name the ones that matter under `shadowReads`.',
  },
  'shadow.order': {
    means: 'A read gives the same rows in another order. A warning.',
    todo: 'Where the application relies on the order, add an ORDER BY that both sides share; the hint says what they sort otherwise.',
  },
} as const satisfies Readonly<Record<`shadow.${string}`, CodeText>>;
