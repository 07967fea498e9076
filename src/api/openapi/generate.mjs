// Writes schema.generated.json: every type of the Kubernetes 1.36 API in one line each; and what only the OpenAPI documents need
// besides: extras.generated.json (enumerations, defaults, unions) and descriptions.generated.json (what every type and field is for).
//   node src/api/openapi/generate.mjs SWAGGER.json GO_MODULES_DIR
// The swagger says which types there are, what is required, and the list, map and patch rules. What it cannot say (pointer or value,
// omitempty, the order of fields, names of Go types in error texts) is read from the Go structs in GO_MODULES_DIR
// (k8s.io/api@v..., k8s.io/apimachinery@v... and so on, as `go mod download` leaves them).
//
// A type is fields joined by "|", with "#" before it when it is a kind. A field is `name[flags] type [rules]`:
//   flags  ! required   ? omitempty   % omitzero
//   type   s string  b bool  i int32  l int64  d double  Q quantity  X int-or-string  T time  M microtime  B bytes  R any JSON
//          F fieldsV1  S/A/G schema or bool/array/strings  @Name struct (@7.Name: of package 7)  [item array  {item map
//          before it: * pointer, =Name= a named Go type, <Name> the Go type of a map's keys
//   rules  >Name embedded by that Go field (error texts name it)   ~a ~s ~m:k1,k2 list type   ~t atomic map or struct   ~g granular   ^strategy   ^k:merge key
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [swaggerPath, goPath] = process.argv.slice(2);
if (!goPath) throw new Error('usage: generate.mjs SWAGGER.json GO_MODULES_DIR');
const swagger = JSON.parse(readFileSync(swaggerPath, 'utf8'));

/** Versions that 1.36 no longer serves, but that --legacy-apis accepts; they stand in the Go module still. */
const LEGACY = ['apps.v1beta1', 'apps.v1beta2', 'extensions.v1beta1', 'batch.v1beta1', 'policy.v1beta1', 'rbac.v1beta1', 'networking.v1beta1'];
const modules = readdirSync(goPath);
const latest = (name) => join(goPath, modules.filter((m) => m.startsWith(`${name}@`)).sort().at(-1));

const prefixes = new Set(LEGACY.map((p) => `io.k8s.api.${p}`));
for (const name in swagger.definitions) prefixes.add(name.slice(0, name.lastIndexOf('.')));
const packages = [...prefixes].sort();

/** io.k8s.api.apps.v1 -> the folder of its Go package. */
function folder(prefix) {
  const rest = prefix.slice('io.k8s.'.length);
  if (rest.startsWith('api.')) return join(latest('api'), rest.slice(4).replaceAll('.', '/'));
  const dot = rest.indexOf('.');
  return join(latest(rest.slice(0, dot)), rest.slice(dot + 1).replaceAll('.', '/'));
}

const byImport = {};
for (const prefix of packages) {
  const rest = prefix.slice('io.k8s.'.length);
  byImport[rest.startsWith('api.') ? `k8s.io/api/${rest.slice(4).replaceAll('.', '/')}` : `k8s.io/${rest.replaceAll('.', '/')}`] = prefix;
}

/** Go declarations of a package: structs (fields in order), other named types, imports of each file. */
function parseGo(dir) {
  const out = { name: '', types: {} };
  for (const file of readdirSync(dir)) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('zz_') || file.startsWith('generated')) continue;
    const text = readFileSync(join(dir, file), 'utf8');
    out.name ||= /^package (\w+)/m.exec(text)[1];
    const imports = {};
    for (const m of text.matchAll(/^\t?(?:import )?(?:(\w+) )?"([^"]+)"$/gm)) imports[m[1] ?? m[2].split('/').at(-1)] = m[2];
    for (const m of text.matchAll(/^type (\w+) (= )?(?!struct|interface|func)(\S.*)$/gm)) {
      out.types[m[1]] = { go: m[3].replace(/\s*(\/\/.*)?$/, ''), alias: !!m[2], imports };
    }
    for (const m of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) out.types[m[1]] = { fields: fieldsOf(m[2]), imports };
    for (const m of text.matchAll(/^type (\w+) struct ?\{\}/gm)) out.types[m[1]] = { fields: [], imports };
  }
  return out;
}

function fieldsOf(body) {
  const fields = [];
  let comments = [];
  for (const line of body.split('\n')) {
    const text = line.trim();
    if (text.startsWith('//')) comments.push(text.slice(2).trim());
    else if (!text) comments = [];
    else {
      const m = /^(?:(\w+)\s+)?([\w.*[\]]+)\s+`(.*)`/.exec(text) ?? /^()([\w.*]+)$/.exec(text);
      if (!m) continue;
      const json = /json:"([^"]*)"/.exec(m[3] ?? '')?.[1].split(',') ?? [''];
      if (json[0] === '-') continue;
      const tag = (name) => new RegExp(`${name}:"([^"]*)"`).exec(m[3] ?? '')?.[1];
      fields.push({ embedded: !json[0], name: json[0], go: m[2], flags: json.slice(1), comments, strategy: tag('patchStrategy'), key: tag('patchMergeKey') });
      comments = [];
    }
  }
  return fields;
}

const go = Object.fromEntries(packages.map((p) => [p, parseGo(folder(p))]));
const SPECIAL = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'Q', 'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'X',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'T', 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'M',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'R', 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'F',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': '=JSON=R',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'S',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'A',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'G',
};
const SCALAR = { string: 's', bool: 'b', int32: 'i', int64: 'l', int: 'l', float64: 'd', uint8: 's' };
const EXTERNAL = { 'types.UID': '=types.UID=s', 'types.NodeName': '=types.NodeName=s', 'types.NamespacedName': 's', 'runtime.Object': 'R' };

/** Resolves a Go name as seen from a file: the package it stands in and its declaration. */
function lookup(name, prefix, imports) {
  const dot = name.indexOf('.');
  const home = dot < 0 ? prefix : byImport[imports[name.slice(0, dot)]];
  const bare = name.slice(dot + 1);
  return home && { home, bare, declared: go[home].types[bare] };
}
const goName = (home, bare, prefix) => (go[home].name === go[prefix].name ? bare : `${go[home].name}.${bare}`);

/** A Go type as our one-line text. */
function typeText(text, prefix, imports, seen) {
  if (text.startsWith('*')) return `*${typeText(text.slice(1), prefix, imports, seen)}`;
  if (text === '[]byte') return 'B';
  if (text.startsWith('[]')) return `[${typeText(text.slice(2), prefix, imports, seen)}`;
  const map = /^map\[([\w.]+)\](.*)$/.exec(text);
  if (map) return `{${map[1] === 'string' ? '' : `<${map[1].includes('.') ? map[1] : map[1]}>`}${typeText(map[2], prefix, imports, seen)}`;
  if (SCALAR[text]) return SCALAR[text];
  if (EXTERNAL[text]) return EXTERNAL[text];
  const found = lookup(text, prefix, imports);
  if (!found) throw new Error(`unknown Go type ${text} in ${prefix}`);
  const full = `${found.home}.${found.bare}`;
  if (SPECIAL[full]) return SPECIAL[full];
  if (!found.declared) throw new Error(`no declaration of ${full}`);
  if (struct(found.home, found.bare)) {
    seen.add(full);
    return found.home === prefix ? `@${found.bare}` : `@${packages.indexOf(found.home)}.${found.bare}`;
  }
  let inner = typeText(found.declared.go, found.home, found.declared.imports, seen);
  if (found.home !== prefix) inner = inner.replace(/@(?!\d+\.)/g, `@${packages.indexOf(found.home)}.`);
  return found.declared.alias ? inner : `=${goName(found.home, found.bare, prefix)}=${inner.replace(/^=[^=]+=/, '')}`;
}

/** The rules of a field: from the swagger where it knows the type, else from the Go comments and tags. */
function rulesOf(field, property) {
  const marker = (name) => field.comments.filter((c) => c.startsWith(`+${name}=`)).map((c) => c.slice(name.length + 2));
  const p = property ?? {
    'x-kubernetes-list-type': marker('listType')[0], 'x-kubernetes-list-map-keys': marker('listMapKey'),
    'x-kubernetes-map-type': marker('mapType')[0] ?? marker('structType')[0],
    'x-kubernetes-patch-strategy': field.strategy, 'x-kubernetes-patch-merge-key': field.key,
  };
  const out = [];
  const list = p['x-kubernetes-list-type'];
  if (list) out.push(list === 'map' ? `~m:${p['x-kubernetes-list-map-keys'].join(',')}` : `~${list[0]}`);
  if (p['x-kubernetes-map-type']) out.push(p['x-kubernetes-map-type'] === 'atomic' ? '~t' : '~g');
  if (p['x-kubernetes-patch-strategy']) out.push(`^${p['x-kubernetes-patch-strategy']}`);
  if (p['x-kubernetes-patch-merge-key']) out.push(`^k:${p['x-kubernetes-patch-merge-key']}`);
  return out;
}

/** The struct behind a name: itself, or what `type A = b.A` and `type A b.A` point at. */
function struct(prefix, name) {
  const declared = go[prefix].types[name];
  if (!declared || declared.fields) return declared && { home: prefix, declared };
  if (!/^[\w.]+$/.test(declared.go) || SCALAR[declared.go]) return undefined;
  const found = lookup(declared.go, prefix, declared.imports);
  return found && struct(found.home, found.bare);
}

/** Fields of a struct with embedded ones in their place. */
function flatten(prefix, name) {
  const found = struct(prefix, name);
  const { fields, imports } = found.declared;
  if (found.home !== prefix) prefix = found.home;
  return fields.flatMap((field) => {
    if (!field.embedded) return [{ field, prefix, imports, path: [] }];
    const found = lookup(field.go.replace(/^\*/, ''), prefix, imports);
    if (!found || !struct(found.home, found.bare)) throw new Error(`cannot embed ${field.go} in ${prefix}.${name}`);
    return flatten(found.home, found.bare).map((line) => ({ ...line, path: [found.bare, ...line.path] }));
  });
}

const table = {};
function describe(full) {
  const prefix = full.slice(0, full.lastIndexOf('.'));
  const name = full.slice(prefix.length + 1);
  if (SPECIAL[full] || table[prefix]?.[name] !== undefined) return;
  const definition = swagger.definitions[full];
  if (!struct(prefix, name)) throw new Error(`no Go struct for ${full}`);
  const seen = new Set();
  const lines = flatten(prefix, name).map(({ field, prefix: home, imports, path }) => {
    let type = typeText(field.go, home, imports, seen);
    if (home !== prefix) {
      type = type.replace(/@(?!\d+\.)/g, `@${packages.indexOf(home)}.`);
      if (go[home].name !== go[prefix].name) type = type.replace(/=(\w+)=/, `=${go[home].name}.$1=`);
    }
    const property = definition?.properties?.[field.name];
    if (definition && !property) throw new Error(`${full}.${field.name} is not in the swagger`);
    const required = definition ? definition.required?.includes(field.name) : field.comments.some((c) => /^\+(k8s:)?required/.test(c));
    const flags = `${required ? '!' : ''}${field.flags.includes('omitempty') ? '?' : ''}${field.flags.includes('omitzero') ? '%' : ''}`;
    const via = path.length && path[0] !== 'TypeMeta' ? [`>${path.join('.')}`] : [];
    return [`${field.name}${flags}`, type, ...via, ...rulesOf(field, property)].join(' ');
  });
  for (const property in definition?.properties) {
    if (!lines.some((l) => l.split(/[ !?%]/)[0] === property)) throw new Error(`${full}.${property} is not in Go`);
  }
  const gvk = definition?.['x-kubernetes-group-version-kind'];
  const isKind = gvk ? true : !definition && lines[0]?.startsWith('kind?');
  const atomic = definition?.['x-kubernetes-map-type'] === 'atomic' ? '~' : '';
  (table[prefix] ??= {})[name] = `${isKind ? '#' : ''}${atomic}${lines.join('|')}`;
  for (const other of seen) describe(other);
}

const LEGACY_KINDS = {
  'apps.v1beta1': ['Deployment', 'DeploymentRollback', 'StatefulSet', 'ControllerRevision', 'Scale'],
  'apps.v1beta2': ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ControllerRevision', 'Scale'],
  'extensions.v1beta1': ['Deployment', 'DeploymentRollback', 'DaemonSet', 'ReplicaSet', 'Ingress', 'NetworkPolicy', 'Scale'],
  'batch.v1beta1': ['CronJob'], 'policy.v1beta1': ['PodDisruptionBudget', 'Eviction'],
  'networking.v1beta1': ['Ingress', 'IngressClass'], 'rbac.v1beta1': ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
};
for (const full in swagger.definitions) describe(full);
for (const [p, names] of Object.entries(LEGACY_KINDS)) {
  for (const name of names) {
    describe(`io.k8s.api.${p}.${name}`);
    if (go[`io.k8s.api.${p}`].types[`${name}List`]) describe(`io.k8s.api.${p}.${name}List`);
  }
}
// The query options of the connect and log subresources: they are no definitions, but their kinds stand in discovery.
const sorted = Object.fromEntries(Object.keys(table).sort().map((p) => [p, table[p]]));
const result = { packages: packages.map((p) => [p, go[p].name]), types: sorted };
const json = JSON.stringify(result, null, 1);
writeFileSync(new URL('./schema.generated.json', import.meta.url), `${json}\n`);
console.log(`${Object.values(table).reduce((n, t) => n + Object.keys(t).length, 0)} types, ${json.length} bytes`);

/** Name -> value of string constants of named types. */
const constants = {};
/** Constants of each named string type of a package, [value, comment], for types marked +enum; without their own name before the text. */
function enumerations(dir) {
  const values = {};
  const marked = [];
  for (const file of readdirSync(dir)) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('zz_') || file.startsWith('generated')) continue;
    const text = readFileSync(join(dir, file), 'utf8');
    for (const m of text.matchAll(/((?:^\/\/.*\n)+)type (\w+) string/gm)) {
      if (/^\/\/\s*\+(k8s:)?enum\s*$/m.test(m[1])) marked.push(m[2]);
    }
    // Name Type = "value", or Name = Type("value"), or Name = Type(other.Name)
    for (const m of text.matchAll(/((?:^\t\/\/.*\n)*)^\t(\w+)(?:\s+(\w+))?\s*=\s*(?:(\w+)\()?(?:"([^"]*)"|\w+\.(\w+)\))/gm)) {
      const lines = m[1].split('\n').map((line) => line.trim().slice(2).trim()).filter((line) => line && line[0] !== '+');
      const comment = lines.join(' ').replace(/ +/g, ' ');
      const type = m[3] ?? m[4];
      const value = m[5] ?? constants[m[6]];
      if (!type || value === undefined) continue;
      constants[m[2]] = value;
      (values[type] ??= []).push([value, comment.startsWith(`${m[2]} `) ? comment.slice(m[2].length + 1) : comment]);
    }
  }
  return marked.map((name) => [name, (values[name] ?? []).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

const enums = {};
// Core first: others borrow its constants.
const coreFirst = [...packages].sort((a, b) => Number(b.includes('.core.')) - Number(a.includes('.core.')));
for (const prefix of coreFirst) for (const [name, values] of enumerations(folder(prefix))) enums[`${prefix}.${name}`] = values;

/** "type:field" -> its enumeration; "type:field" -> JSON of an explicit default. */
const enumFields = {};
const defaults = {};
for (const prefix in table) {
  for (const name in table[prefix]) {
    for (const { field, prefix: home, imports } of flatten(prefix, name)) {
      const marker = field.comments.find((c) => c.startsWith('+default='));
      if (marker) {
        const text = marker.slice('+default='.length);
        const constant = /^ref\((\w+)\)$/.exec(text)?.[1];
        defaults[`${prefix}.${name}:${field.name}`] = constant ? JSON.stringify(constants[constant]) : text;
      }
      const bare = field.go.replace(/^(\*|\[\])+/, '');
      const found = /^[\w.]+$/.test(bare) && !SCALAR[bare] && lookup(bare, home, imports);
      const target = found && (found.declared?.alias ? `${found.home}.${found.declared.go}` : `${found.home}.${found.bare}`);
      if (target && enums[target]) enumFields[`${prefix}.${name}:${field.name}`] = target;
    }
  }
}

/** Descriptions by definition and field; '' is the definition's own. One definition a line. */
const unions = {};
const descriptions = {};
for (const name of Object.keys(swagger.definitions).sort()) {
  const definition = swagger.definitions[name];
  if (definition['x-kubernetes-unions']) unions[name] = definition['x-kubernetes-unions'];
  const texts = {};
  if (definition.description) texts[''] = definition.description;
  for (const [field, p] of Object.entries(definition.properties ?? {})) if (p.description) texts[field] = p.description;
  if (Object.keys(texts).length) descriptions[name] = texts;
}
const write = (name, text) => writeFileSync(new URL(name, import.meta.url), `${text}\n`);
write('./extras.generated.json', JSON.stringify({ enums, enumFields, defaults, unions }, null, 1));
const lines = Object.entries(descriptions).map(([name, texts]) => ` ${JSON.stringify(name)}: ${JSON.stringify(texts)}`);
write('./descriptions.generated.json', `{\n${lines.join(',\n')}\n}`);
