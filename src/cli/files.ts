import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { codeOf, Failure } from '../local/failure.ts';

/** What a file of YAML or JSON holds; "-" is standard input. */
export function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new Failure(`${file} cannot be read (${codeOf(error)})`);
  }
  try {
    return load(text);
  } catch (error) {
    throw new Failure(`${file} is no YAML: ${(error as Error).message}`);
  }
}
