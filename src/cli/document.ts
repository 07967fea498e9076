import { Failure } from '../local/failure.ts';
import { readYaml } from './files.ts';
import { print } from './output.ts';

/** A document that a cluster has or has not: an audit policy, whom it trusts. */
interface Document<Sent, Taken> {
  /** What it is called, in `--json` and in words. */
  field: string;
  name: string;
  get(): Promise<unknown>;
  put(sent: Sent): Promise<Taken>;
  delete(): Promise<unknown>;
  /** The sentence after it was taken away. */
  removed: string;
  /** The sentence after it was put in force; may write warnings before. */
  taken(taken: Taken, file: string): string;
}

/** Shows a cluster's document, takes it from a file ("-": standard input), or takes it away (`--off`). */
export async function changeDocument<Sent, Taken>(
  document: Document<Sent, Taken>,
  cluster: string,
  file: string | undefined,
  o: { off?: boolean; json?: boolean },
): Promise<void> {
  if (o.off) {
    if (file !== undefined) throw new Failure(`either ${document.name} or --off`, 2);
    await document.delete();
    print(o.json, { cluster, [document.field]: null }, () => document.removed);
  } else if (file === undefined) {
    print(true, await document.get(), () => '');
  } else {
    const taken = await document.put(readYaml(file) as Sent);
    const sentence = document.taken(taken, file);
    print(o.json, taken, () => sentence);
  }
}
