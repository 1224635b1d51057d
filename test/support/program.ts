import { commandRows } from '../../src/cli/help.js';
import { type Actions, buildProgram } from '../../src/cli/program.js';

const nothing = async () => {};
const actions: Actions = {
  run: nothing,
  embedded: nothing,
  apps: nothing,
  configSchema: nothing,
  completion: nothing,
};

/** Every command that the program itself knows. */
export const commandNames: readonly string[] = buildProgram('1', actions).commands.map((command) => command.name());

/** Those that take no setting: they have no row in the help. */
export const plainCommands = commandNames.filter((name) => commandRows.every((row) => row.name !== name));
