// Writes protobuf.generated.json: how the messages of the Kubernetes API number and name their fields, for reading what typed clients send.
//   node src/api/openapi/protobuf.mjs GO_MODULES_DIR
// GO_MODULES_DIR holds k8s.io/api@v..., k8s.io/apimachinery@v... and the two servers' API packages, as `go mod download` leaves them.
// One message is one text: fields "number name type" joined by ";". A type is a letter (s string, b bool, i integer, d double, y bytes,
// Q Quantity, I IntOrString, T Time, U MicroTime, D Duration, R raw JSON) or "m" and the message's name; before it "*" a pointer (its
// zero is a value), "[" repeated, "{" a map by string, "^" fields that stand in the outer object, "(" a message around one list.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const modules = process.argv[2];
const newest = (name) =>
  join(modules, 'k8s.io', readdirSync(join(modules, 'k8s.io')).filter((entry) => entry.startsWith(`${name}@`)).sort().at(-1));
const roots = [
  [newest('api'), (path) => path],
  [join(newest('apimachinery'), 'pkg/apis'), (path) => path],
  [join(newest('apiextensions-apiserver'), 'pkg/apis'), (path) => path],
  [join(newest('kube-aggregator'), 'pkg/apis'), (path) => path],
];

/** package "core/v1" -> { structs, aliases, messages } */
const packages = new Map();
for (const [root, nameOf] of roots) {
  for (const group of readdirSync(root)) {
    if (!statSync(join(root, group)).isDirectory()) continue;
    for (const version of readdirSync(join(root, group))) {
      const folder = join(root, group, version);
      if (!/^v\d+(beta\d+)?$/.test(version) || !readdirSync(folder).includes('generated.proto')) continue;
      const source = readdirSync(folder)
        .filter((name) => name.endsWith('.go') && !name.includes('_test') && !name.startsWith('zz_') && !name.startsWith('generated'))
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('\n');
      const structs = new Map();
      for (const [, name, body] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) structs.set(name, body);
      for (const [, name] of source.matchAll(/^type (\w+) struct ?\{\}/gm)) structs.set(name, '');
      const aliases = new Map();
      for (const [, name, type] of source.matchAll(/^(?:type |\t)(\w+)\s+((?:\[\]|map\[|\w)[^\s{=(]*)\s*(?:\/\/.*)?$/gm)) {
        if (!structs.has(name) && !['struct', 'interface'].includes(type)) aliases.set(name, type);
      }
      const same = new Map([...source.matchAll(/^type (\w+) = ([\w.]+)/gm)].map((m) => [m[1], m[2]]));
      const proto = readFileSync(join(folder, 'generated.proto'), 'utf8');
      const messages = new Set([...proto.matchAll(/^message (\w+)/gm)].map((m) => m[1]));
      const imports = new Map([...source.matchAll(/^\s*(\w+)\s+"k8s\.io\/(?:api|apimachinery\/pkg\/apis)\/(\w+)\/(\w+)"/gm)].map((m) => [m[1], `${m[2]}/${m[3]}`]));
      for (const [, g, v] of source.matchAll(/^\s*"k8s\.io\/(?:api|apimachinery\/pkg\/apis)\/(\w+)\/(\w+)"/gm)) imports.set(v, `${g}/${v}`);
      packages.set(nameOf(`${group}/${version}`), { structs, aliases, same, messages, imports });
    }
  }
}

const LEAVES = {
  string: 's', bool: 'b', int: 'i', int8: 'i', uint8: 'i', int16: 'i', int32: 'i', int64: 'i', uint32: 'i', uint64: 'i', float64: 'd', float32: 'd', '[]byte': 'y',
  'resource.Quantity': 'Q', 'intstr.IntOrString': 'I', 'runtime.RawExtension': 'R', 'types.UID': 's', 'types.NodeName': 's', 'types.NamespacedName': 's',
};
const META = { Time: 'T', MicroTime: 'U', Duration: 'D', FieldsV1: 'R' };
const RAW = new Set(['apiextensions/v1.JSON', 'apiextensions/v1beta1.JSON']);

function typeOf(text, here) {
  if (LEAVES[text]) return LEAVES[text];
  if (text.startsWith('*')) return `*${typeOf(text.slice(1), here)}`;
  if (text.startsWith('[]')) return `[${typeOf(text.slice(2), here).replace(/^\*/, '')}`;
  const map = /^map\[[\w.]+\](.+)$/.exec(text);
  if (map) return `{${typeOf(map[1], here)}`;
  const [prefix, name] = text.includes('.') ? text.split('.') : [undefined, text];
  const home = prefix === undefined ? here : packages.get(here).imports.get(prefix);
  const found = packages.get(home);
  if (!found) throw new Error(`${text} in ${here}`);
  if (home === 'meta/v1' && META[name]) return META[name];
  if (RAW.has(`${home}.${name}`)) return 'R';
  if (found.same.has(name)) return typeOf(found.same.get(name), home);
  const alias = found.aliases.get(name);
  if (found.structs.has(name)) {
    wanted.push(`${home}.${name}`);
    return `m${home}.${name}`;
  }
  if (alias === undefined) throw new Error(`${text} in ${here}`);
  return found.messages.has(name) ? `(${typeOf(alias, home)}` : typeOf(alias, home);
}

const wanted = [];
const table = {};
const describe = (full) => {
  const [here, name] = full.split(/\.(?=\w+$)/);
  const fields = [];
  for (const line of packages.get(here).structs.get(name).split('\n')) {
    const field = /^\s*(?:\w+\s+)?(\S+)\s+`([^`]*)`/.exec(line);
    const tag = field && /protobuf:"([^"]*)"/.exec(field[2])?.[1];
    const json = field && /json:"([^"]*)"/.exec(field[2])?.[1];
    if (!tag || tag === '-' || !json || json === '-') continue;
    const inline = json.startsWith(',') || json.includes(',inline');
    const number = /,(\d+),/.exec(tag)[1];
    fields.push(`${number} ${inline ? '' : json.split(',')[0]} ${inline ? '^' : ''}${typeOf(field[1], here)}`);
  }
  return fields.join(';');
};

for (const [name, { structs, messages }] of packages) {
  for (const struct of structs.keys()) {
    const top = messages.has(struct) && /^\s*metav1\.TypeMeta|^\s*TypeMeta/m.test(structs.get(struct));
    if (top && !struct.endsWith('List')) wanted.push(`${name}.${struct}`);
  }
}
while (wanted.length) {
  const full = wanted.pop();
  if (!(full in table)) {
    table[full] = '';
    table[full] = describe(full);
  }
}
const sorted = Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(new URL('protobuf.generated.json', import.meta.url), `${JSON.stringify(sorted, null, 0).replaceAll('","', '",\n"')}\n`);
