import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell, textOr } from '../machinery/columns.ts';
import { type StrategyContext, defineKind, READ_WRITE } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { isPathSegmentName } from '../machinery/names.ts';
import { humanDuration, rfc3339 } from '../machinery/time.ts';
import { parseCertificate } from '../../lib/x509/certificate.ts';
import { pemBlocks } from '../../lib/x509/pem.ts';
import { NO_REQUEST, parseRequest, RequestError } from '../../lib/x509/request.ts';
import { signatureProblem } from '../../lib/x509/signature.ts';
import { checkSignerName } from './signer-name.ts';
import { conditionsOf, LEGACY_UNKNOWN } from './signers.ts';

/** CertificateSigningRequest (registry/certificates/certificates/strategy.go, certificates/validation). */

const MIN_SECONDS = 600;
const FINAL = ['Approved', 'Denied', 'Failed'];
const DECISIONS = ['Approved', 'Denied'];
const STATUSES = ['False', 'True', 'Unknown'];
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** The request is one, and its signature is by the key that it names (validation.go validateCSR). */
function checkRequest(base64: string, verifyBytes: StrategyContext['verifyBytes']): FieldError[] {
  const wrong = (detail: string) => [invalid('spec.request', base64 || null, detail)];
  try {
    const request = parseRequest(atob(base64));
    const problem = verifyBytes && signatureProblem(request, request.publicKey, { verifyBytes });
    return problem === undefined ? [] : wrong(problem);
  } catch (error) {
    if (error instanceof RequestError) return wrong(error.message);
    if (error instanceof DOMException) return wrong(NO_REQUEST);
    throw error;
  }
}

/** Certificates that a signer writes (validateCertificate). */
function checkCertificate(base64: string | undefined): FieldError[] {
  if (!base64) return [];
  const wrong = (detail: string) => [invalid('status.certificate', '<certificate data>', detail)];
  const blocks = pemBlocks(atob(base64));
  for (const { label, headers, bytes } of blocks) {
    if (label !== 'CERTIFICATE') return wrong(`only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(label)}`);
    if (headers) return wrong('no PEM block headers are permitted');
    if (!parseCertificate(bytes)) return wrong('x509: malformed certificate');
  }
  return blocks.length ? [] : wrong('must contain at least one CERTIFICATE PEM block');
}

function checkUsages(usages: string[], old: string[] | undefined): FieldError[] {
  const errors: FieldError[] = usages.length ? [] : [required('spec.usages')];
  if (!old?.some((u) => !USAGES.includes(u))) {
    usages.forEach((usage, i) => {
      if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${i}]`, usage, USAGES));
    });
  }
  if (old && new Set(old).size < old.length) return errors;
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.push(duplicate(`spec.usages[${i}]`, usage));
  });
  return errors;
}

function checkConditions(conditions: Obj[]): FieldError[] {
  const path = 'status.conditions';
  const errors: FieldError[] = [];
  const types = conditions.map((c) => c.type ?? '');
  conditions.forEach(({ type = '', status = '' }, i) => {
    const allowed = FINAL.includes(type) ? ['True'] : STATUSES;
    if (!type) errors.push(required(`${path}[${i}].type`));
    if (!status) errors.push(required(`${path}[${i}].status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${path}[${i}].status`, status, allowed));
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (other && types.slice(0, i).includes(other)) {
      errors.push(invalid(path, type, 'Approved and Denied conditions are mutually exclusive'));
    }
    if (types.indexOf(type) < i) errors.push(duplicate(`${path}[${i}].type`, type));
  });
  return errors;
}

function validate(object: KubeObject, cx: StrategyContext, old?: KubeObject): FieldError[] {
  const { request = '', usages = [], signerName = '', expirationSeconds: seconds } = object.spec ?? {};
  const errors = [...checkRequest(request, cx.verifyBytes), ...checkUsages(usages, old?.spec?.usages)];
  if (signerName === LEGACY_UNKNOWN && old?.spec?.signerName !== LEGACY_UNKNOWN) {
    errors.push(invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'));
  } else errors.push(...checkSignerName(signerName, 'spec.signerName'));
  if (seconds !== undefined && seconds < MIN_SECONDS) {
    const detail = `may not specify a duration less than ${MIN_SECONDS} seconds (10 minutes)`;
    errors.push(invalid('spec.expirationSeconds', seconds, detail));
  }
  errors.push(...checkConditions(conditionsOf(object)));
  const { certificate } = object.status ?? {};
  // One that stands already, and was let pass, is let pass again.
  return certificate && certificate === old?.status?.certificate ? errors : [...errors, ...checkCertificate(certificate)];
}

function validateUpdate(object: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[] {
  const errors = [...validateObjectMeta(object.metadata, false, isPathSegmentName, 'metadata'), ...validate(object, cx, old)];
  const path = 'status.conditions';
  const of = (o: KubeObject, type: string) => conditionsOf(o).filter((c) => c.type === type);
  for (const type of FINAL) {
    if (of(object, type).length < of(old, type).length) {
      errors.push(forbidden(path, `updates may not remove a condition of type ${JSON.stringify(type)}`));
    }
  }
  for (const type of cx.subresource === 'approval' ? [] : DECISIONS) {
    const [now, before] = [of(object, type), of(old, type)];
    const label = `a condition of type ${JSON.stringify(type)}`;
    if (now.length > before.length) errors.push(forbidden(path, `updates may not add ${label}`));
    else if (now.length === before.length && !equal(now, before))
      errors.push(forbidden(path, `updates may not modify ${label}\n`));
  }
  const [certificate, issued] = [object.status?.certificate ?? '', old.status?.certificate ?? ''];
  if (certificate === issued) return errors;
  if (cx.subresource !== 'status') errors.push(forbidden('status.certificate', 'updates may not set certificate content'));
  else if (issued) errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  return errors;
}

/** Times of conditions that are new or changed are now (populateConditionTimestamps). */
function stampConditions(object: KubeObject, old: KubeObject, cx: StrategyContext): void {
  const now = rfc3339(cx.now);
  for (const condition of conditionsOf(object)) {
    condition.lastUpdateTime ??= now;
    if (condition.lastTransitionTime) continue;
    const before = conditionsOf(old).find((c) => c.type === condition.type && c.status === condition.status);
    condition.lastTransitionTime = before?.lastTransitionTime ?? now;
  }
}

/** Sets the requester from the authenticated user, whatever the client sent. */
function setRequestor(object: KubeObject, cx: StrategyContext): void {
  const { username, uid, groups, extra } = cx.user ?? { username: '', groups: [] };
  const spec: Obj = { ...object.spec };
  for (const field of ['username', 'uid', 'groups', 'extra']) delete spec[field];
  if (username) spec.username = username;
  if (uid) spec.uid = uid;
  if (groups.length) spec.groups = [...groups];
  if (extra && Object.keys(extra).length) spec.extra = extra;
  object.spec = spec;
}

function state(object: KubeObject): string {
  const has = (type: string) => conditionsOf(object).some((c) => c.type === type);
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) words.push('Failed');
  if (object.status?.certificate) words.push('Issued');
  return words.join(',');
}

export const CertificateSigningRequest = defineKind({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  namespaced: false,
  schema: goSchema('io.k8s.api.certificates.v1.CertificateSigningRequest'),
  shortNames: ['csr'],
  status: true,
  subresources: { approval: { verbs: READ_WRITE, strategy: 'whole' } },
  resetFields: {
    '': { exclude: ['spec', 'status'] },
    status: { exclude: ['spec', 'status.conditions'] },
    approval: { exclude: ['spec', 'status.certificate'] },
  },
  names: isPathSegmentName,
  prepareCreate(object, cx) {
    setRequestor(object, cx);
    object.status = {};
  },
  prepareUpdate(object, old, cx) {
    object.spec = old.spec;
    if (cx.subresource !== 'approval') object.status = old.status;
    else {
      // csrApprovalStrategy: of the status only the conditions pass.
      const conditions = conditionsOf(object);
      object.status = { ...old.status, ...(conditions.length && { conditions }) };
      if (!conditions.length) delete object.status.conditions;
      stampConditions(object, old, cx);
    }
  },
  prepareStatus(object, old, cx) {
    object.spec = old.spec;
    stampConditions(object, old, cx);
  },
  validateCreate: (object, cx) => validate(object, cx),
  validateUpdate,
  validateStatus: validateUpdate,
  selectable: { 'spec.signerName': ['spec', 'signerName'] },
  columns: columnsOf(
    'certificates.k8s.io/certificatesigningrequests',
    nameCell,
    ageCell,
    textOr('<none>', 'spec', 'signerName'),
    textCell('spec', 'username'),
    ({ spec }) => (spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000)),
    state,
  ),
});
