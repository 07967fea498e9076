/** Result of setting an AuthenticationConfiguration: in force (absent: none), or its error. */
export type AuthenticationSet = { configuration: object | undefined } | { refused: string };
