import { parseQuantity } from '../../api/machinery/quantity.ts';
import { type Field, type StructType, typeOf, type TypeNode } from '../../api/schema/go-types.ts';
import type { Obj } from '../../lib/json.ts';

/**
 * Prints a value as Go's spew prints the Go struct behind it (k8s.io/utils/dump ForHash: "%#v", types shown, keys sorted),
 * because upstream
 * hashes that text: so a ReplicaSet gets the same name as upstream.
 */
export function dumpStruct(name: string, value: Obj | undefined): string {
  return dump({ t: 'struct', go: `v1.${typeOf(name).go}`, ref: name, pointer: false }, value);
}

/** A value with its type in front; a nil pointer shows its type too. */
function dump(type: TypeNode, value: unknown): string {
  const absent = value === undefined || value === null;
  if (type.pointer) return absent ? `(*${type.go})<nil>` : `(*${type.go})${bare(type, value)}`;
  return `(${type.go})${bare(type, value)}`;
}

function bare(type: TypeNode, value: unknown): string {
  switch (type.t) {
    case 'string':
      return typeof value === 'string' ? value : '';
    case 'bool':
      return value === true ? 'true' : 'false';
    case 'array':
      return list(type, (value ?? []) as unknown[]);
    case 'map':
      return map(type, (value ?? {}) as Obj);
    case 'struct':
      return struct(typeOf(type.ref ?? ''), (value ?? {}) as Obj);
    case 'quantity':
      return quantity(String(value ?? '0'));
    case 'intstr':
      return intOrString(value);
    case 'time':
      return '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}';
    default:
      return String(value ?? 0);
  }
}

/** A list. Protobuf has no empty list or map: both are nil. */
function list(type: TypeNode, items: unknown[]): string {
  if (!items.length || !type.item) return '<nil>';
  const { item } = type;
  return `[${items.map((value) => bare(item, value)).join(' ')}]`;
}

function map(type: TypeNode, value: Obj): string {
  const keys = Object.keys(value).sort();
  if (!keys.length || !type.item) return '<nil>';
  const { item } = type;
  return `map[${keys.map((key) => `${key}:${bare(item, value[key])}`).join(' ')}]`;
}

/** A struct: fields in Go's order; those of an embedded struct stand inside it. */
function struct(type: StructType, value: Obj): string {
  const parts: string[] = [];
  for (let i = 0; i < type.list.length; ) {
    const { embedded } = type.list[i];
    const start = i;
    do i++;
    while (embedded && type.list[i]?.embedded === embedded);
    const fields = type.list.slice(start, i).map((field) => `${goName(type, field)}:${dump(field.type, value[field.name])}`);
    parts.push(embedded ? `${embedded}:(v1.${embedded}){${fields.join(' ')}}` : fields.join(' '));
  }
  return `{${parts.join(' ')}}`;
}

/** Go names that are not the JSON name with a capital; of one struct where the same JSON name is another elsewhere. */
const NAMES: Record<string, string> = {
  apiGroup: 'APIGroup',
  apiVersion: 'APIVersion',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  cephfs: 'CephFS',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  csi: 'CSI',
  diskURI: 'DataDiskURI',
  dnsConfig: 'DNSConfig',
  dnsPolicy: 'DNSPolicy',
  endpoints: 'EndpointsName',
  fc: 'FC',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  fsType: 'FSType',
  gcePersistentDisk: 'GCEPersistentDisk',
  gmsaCredentialSpec: 'GMSACredentialSpec',
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  grpc: 'GRPC',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  ip: 'IP',
  iqn: 'IQN',
  iscsi: 'ISCSI',
  iscsiInterface: 'ISCSIInterface',
  metadata: 'ObjectMeta',
  nfs: 'NFS',
  os: 'OS',
  pdName: 'PDName',
  rbd: 'RBD',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  seLinuxOptions: 'SELinuxOptions',
  serviceAccount: 'DeprecatedServiceAccount',
  sslEnabled: 'SSLEnabled',
  storageos: 'StorageOS',
  tcpSocket: 'TCPSocket',
  tty: 'TTY',
  uid: 'UID',
  wwids: 'WWIDs',
  'RBDVolumeSource.image': 'RBDImage',
  'RBDVolumeSource.monitors': 'CephMonitors',
  'RBDVolumeSource.pool': 'RBDPool',
  'RBDVolumeSource.user': 'RadosUser',
};

function goName(type: StructType, { name }: Field): string {
  return NAMES[`${type.go}.${name}`] ?? NAMES[name] ?? name[0].toUpperCase() + name.slice(1);
}

function intOrString(value: unknown): string {
  const text = typeof value === 'string';
  return `{Type:(intstr.Type)${text ? 1 : 0} IntVal:(int32)${text ? 0 : (value ?? 0)} StrVal:(string)${text ? value : ''}}`;
}

const SUFFIX = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/;
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** resource.Quantity after parsing its canonical text: the text itself is kept where the parser sees that it is canonical. */
function quantity(text: string): string {
  if (text === '0') return amountOf('0', 0, text, 'DecimalSI');
  const [, sign, whole = '', fraction = '', binary, decimal, power] = SUFFIX.exec(text) ?? [];
  const digits = (whole.replace(/^0+(?=\d)/, '') || '0') + fraction.replace(/0+$/, '');
  const exponent = binary ? 10 * (BINARY.indexOf(binary) + 1) : power ? Number(power) : decimal ? DECIMAL[decimal] : 0;
  const scale = (binary ? 0 : exponent) - fraction.replace(/0+$/, '').length;
  const value = BigInt(digits) * (binary ? 1n << BigInt(exponent) : 1n);
  const kept = binary ? (BigInt(digits) & 7n) !== 0n : scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
  const format = parseQuantity(text)?.format ?? 'DecimalSI';
  return amountOf(`${sign === '-' ? '-' : ''}${value}`, scale, kept ? text : '', format);
}

function amountOf(value: string, scale: number, text: string, format: string): string {
  const amount = `(resource.int64Amount){value:(int64)${value} scale:(resource.Scale)${scale}}`;
  return `{i:${amount} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${text} Format:(resource.Format)${format}}`;
}
