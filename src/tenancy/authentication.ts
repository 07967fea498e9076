/** Result of setting an AuthenticationConfiguration: the configuration in force (undefined: none), or why it was refused. */
export type AuthenticationSet = { configuration: object | undefined } | { refused: string };
