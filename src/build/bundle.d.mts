/** The file of an up-to-date bundle, made now unless it was made of the same sources before. */
export function bundle(name: 'worker' | 'cli'): Promise<string>;
