import { load } from 'js-yaml';
import { type Reading, type Shape, shaped } from '../../api/machinery/config-file.ts';
import { duplicate, errorBody, type FieldError, invalid, required, tooMany } from '../../api/machinery/field-errors.ts';
import { isObject, type Obj } from '../../lib/json.ts';
import { ISSUER } from '../issuer.ts';
import { AUTHENTICATION_CHARACTERS, AUTHENTICATION_ENTRIES, ISSUERS } from '../limits.ts';

/** A claim, and what is put before its value. */
export interface PrefixedClaim {
  claim?: string;
  prefix?: string;
  expression?: string;
}

/** One trusted issuer: a JWTAuthenticator of apiserver.config.k8s.io/v1. */
export interface JwtAuthenticator {
  issuer: {
    url: string;
    discoveryURL?: string;
    audiences: string[];
    audienceMatchPolicy?: string;
    certificateAuthority?: string;
  };
  claimValidationRules?: { claim?: string; requiredValue?: string; expression?: string; message?: string }[];
  claimMappings: {
    username: PrefixedClaim;
    groups?: PrefixedClaim;
    uid?: { claim?: string; expression?: string };
    extra?: Obj[];
  };
  userValidationRules?: Obj[];
}

/** An AuthenticationConfiguration of apiserver.config.k8s.io. */
export interface AuthenticationConfiguration {
  kind: 'AuthenticationConfiguration';
  apiVersion: string;
  jwt?: JwtAuthenticator[];
  anonymous?: { enabled: false };
}

const KIND = 'AuthenticationConfiguration';
const GROUP = 'apiserver.config.k8s.io';
/** Versions that differ in nothing (apiserver pkg/apis/apiserver/{v1,v1beta1,v1alpha1}). */
const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${GROUP}/${version}`);

/** A configuration that cannot be taken, and why. */
export class ConfigurationError extends Error {}

const PREFIXED: Shape = { fields: { claim: 'text', prefix: 'text', expression: 'text' } };
const JWT: Record<string, Shape> = {
  issuer: {
    fields: {
      url: 'text',
      discoveryURL: 'text',
      certificateAuthority: 'text',
      audiences: 'texts',
      audienceMatchPolicy: 'text',
      egressSelectorType: 'text',
    },
  },
  claimValidationRules: { list: { claim: 'text', requiredValue: 'text', expression: 'text', message: 'text' } },
  claimMappings: {
    fields: {
      username: PREFIXED,
      groups: PREFIXED,
      uid: { fields: { claim: 'text', expression: 'text' } },
      extra: { list: { key: 'text', valueExpression: 'text' } },
    },
  },
  userValidationRules: { list: { expression: 'text', message: 'text' } },
};
const CONFIGURATION: Record<string, Shape> = {
  kind: 'text',
  apiVersion: 'text',
  jwt: { list: JWT },
  anonymous: { fields: { enabled: 'flag', conditions: { list: { path: 'text' } } } },
};

/**
 * Reads a configuration, YAML or JSON (cmd/kube-apiserver --authentication-config): fields that are unknown or of the wrong type, what
 * validation finds, and what Atoll does not support are refused, for each of them could let in more than was meant.
 */
export function readConfiguration(text: string): AuthenticationConfiguration {
  if (text.length > AUTHENTICATION_CHARACTERS) {
    throw new ConfigurationError(`a configuration has at most ${AUTHENTICATION_CHARACTERS} characters`);
  }
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    throw new ConfigurationError(`failed decoding: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new ConfigurationError(`failed decoding: an ${KIND} is an object`);
  const { kind, apiVersion } = value;
  if (kind !== KIND || !API_VERSIONS.includes(apiVersion)) {
    const [was, of] = [kind, apiVersion].map((one) => JSON.stringify(one ?? ''));
    throw new ConfigurationError(`no kind ${was} is known for version ${of}: it is an "${KIND}" of "${API_VERSIONS[0]}"`);
  }
  const reading: Reading = {
    warnings: [],
    left: AUTHENTICATION_ENTRIES,
    tooMany: `a configuration has at most ${AUTHENTICATION_ENTRIES} entries`,
    error: ConfigurationError,
  };
  const configuration = shaped(value, CONFIGURATION, '', reading);
  if (reading.warnings.length) throw new ConfigurationError(`strict decoding error: ${reading.warnings.join(', ')}`);
  const errors = validate(configuration);
  if (errors.length) throw new ConfigurationError(errors.map((e) => `${e.field}: ${errorBody(e)}`).join(', '));
  return configuration as unknown as AuthenticationConfiguration;
}

const unsupported = (field: string, value: unknown, what: string): FieldError =>
  invalid(field, value, `${what} not supported yet`);

const celUnsupported = (field: string, expression: string): FieldError => unsupported(field, expression, 'CEL expressions are');

/** apiserver pkg/apis/apiserver/validation ValidateAuthenticationConfiguration */
function validate({ jwt = [], anonymous }: Obj): FieldError[] {
  if (jwt.length > ISSUERS) return [tooMany('jwt', jwt.length, ISSUERS)];
  const errors: FieldError[] = [];
  const seen = { url: new Set<string>(), discoveryURL: new Set<string>() };
  jwt.forEach((one: Obj, i: number) => {
    const path = `jwt[${i}]`;
    const issuer: Obj = one.issuer ?? {};
    errors.push(...issuerErrors(issuer, `${path}.issuer`));
    errors.push(...ruleErrors(one.claimValidationRules ?? [], `${path}.claimValidationRules`));
    errors.push(...mappingErrors(one.claimMappings ?? {}, `${path}.claimMappings`));
    errors.push(...userRuleErrors(one.userValidationRules ?? [], `${path}.userValidationRules`));
    for (const name of ['url', 'discoveryURL'] as const) {
      const url = issuer[name] ?? '';
      if (url === '' && name === 'discoveryURL') continue;
      if (seen[name].has(url)) errors.push(duplicate(`${path}.issuer.${name}`, url));
      seen[name].add(url);
    }
  });
  if (anonymous) errors.push(...anonymousErrors(anonymous));
  return errors;
}

/** Nobody without a token reaches a cluster, whatever its configuration says: its address would disclose to anonymous clients that it exists. */
function anonymousErrors({ enabled = false, conditions = [] }: Obj): FieldError[] {
  if (enabled) return [unsupported('anonymous.enabled', true, 'anonymous requests are')];
  if (!conditions.length) return [];
  const shown = conditions.map(({ path = '' }: Obj) => ({ Path: path }));
  return [invalid('anonymous.conditions', shown, 'enabled should be set to true when conditions are defined')];
}

function issuerErrors(issuer: Obj, path: string): FieldError[] {
  const {
    url = '',
    discoveryURL = '',
    audiences = [],
    audienceMatchPolicy: policy = '',
    egressSelectorType: egress = '',
  } = issuer;
  const errors = url === '' ? [required(`${path}.url`)] : [];
  if (url === ISSUER) errors.push(invalid(`${path}.url`, url, `URL must not overlap with disallowed issuers: [${ISSUER}]`));
  if (url !== '') errors.push(...urlErrors(url, `${path}.url`));
  if (discoveryURL !== '') {
    const at = `${path}.discoveryURL`;
    const bare = (text: string) => text.replace(/\/+$/, '');
    if (url !== '' && bare(url) === bare(discoveryURL)) {
      errors.push(invalid(at, discoveryURL, 'discoveryURL must be different from URL'));
    }
    errors.push(...urlErrors(discoveryURL, at));
  }
  errors.push(...audienceErrors(audiences, policy, path));
  if (issuer.certificateAuthority) {
    errors.push(unsupported(`${path}.certificateAuthority`, '<omitted>', 'certificate authorities of issuers are'));
  }
  if (egress !== '') {
    const at = `${path}.egressSelectorType`;
    const known = ['controlplane', 'cluster'].includes(egress);
    if (known) errors.push(unsupported(at, egress, 'egress selectors are'));
    else errors.push(invalid(at, egress, 'egress selector must be either controlplane or cluster'));
  }
  return errors;
}

/** A text without a scheme is a URL too in Go: it is read relative to this. */
const NO_SCHEME = 'http://localhost';
/** White space and control characters, which the parser of URLs drops and Go's refuses. */
const DROPPED = /[\0-\x20\x7f]/;

function urlErrors(text: string, path: string): FieldError[] {
  if (DROPPED.test(text) || !URL.canParse(text, NO_SCHEME))
    return [invalid(path, text, `parse ${JSON.stringify(text)}: it is no URL`)];
  const url = new URL(text, NO_SCHEME);
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:') errors.push(invalid(path, text, 'URL scheme must be https'));
  if (url.username !== '' || url.password !== '') errors.push(invalid(path, text, 'URL must not contain a username or password'));
  if (url.search !== '') errors.push(invalid(path, text, 'URL must not contain a query'));
  if (url.hash !== '') errors.push(invalid(path, text, 'URL must not contain a fragment'));
  return errors;
}

function audienceErrors(audiences: string[], policy: string, path: string): FieldError[] {
  const at = `${path}.audiences`;
  if (!audiences.length) return [required(at, `at least one ${at} is required`)];
  const errors: FieldError[] = [];
  audiences.forEach((audience, i) => {
    if (audience === '') errors.push(required(`${at}[${i}]`));
    if (audiences.indexOf(audience) !== i) errors.push(duplicate(`${at}[${i}]`, audience));
  });
  const wrong = (why: string) => void errors.push(invalid(`${path}.audienceMatchPolicy`, policy, why));
  if (policy !== 'MatchAny') {
    if (audiences.length > 1) wrong('audienceMatchPolicy must be MatchAny for multiple audiences');
    else if (policy !== '') wrong('audienceMatchPolicy must be empty or MatchAny for single audience');
  }
  return errors;
}

function ruleErrors(rules: Obj[], path: string): FieldError[] {
  const claims = new Set<string>();
  const expressions = new Set<string>();
  return rules.flatMap(({ claim = '', requiredValue = '', expression = '', message = '' }, i) => {
    const at = `${path}[${i}]`;
    if (claim !== '' && expression !== '') return [invalid(at, claim, "claim and expression can't both be set")];
    if (claim === '' && expression === '') return [required(at, 'claim or expression is required')];
    const errors: FieldError[] = [];
    if (expression !== '') {
      if (requiredValue !== '') {
        errors.push(invalid(`${at}.requiredValue`, requiredValue, 'may not be specified when expression is set'));
      }
      return [...errors, ...expressionErrors(expression, `${at}.expression`, expressions)];
    }
    if (message !== '') errors.push(invalid(`${at}.message`, message, 'may not be specified when claim is set'));
    if (claims.has(claim)) errors.push(duplicate(`${at}.claim`, claim));
    claims.add(claim);
    return errors;
  });
}

function userRuleErrors(rules: Obj[], path: string): FieldError[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression = '' }, i) => {
    const at = `${path}[${i}].expression`;
    return expression === '' ? [required(at)] : expressionErrors(expression, at, seen);
  });
}

function expressionErrors(expression: string, path: string, seen: Set<string>): FieldError[] {
  if (seen.has(expression)) return [duplicate(path, expression)];
  seen.add(expression);
  return [celUnsupported(path, expression)];
}

function mappingErrors({ username = {}, groups = {}, uid = {}, extra = [] }: Obj, path: string): FieldError[] {
  const errors = [...prefixedErrors(username, `${path}.username`, true), ...prefixedErrors(groups, `${path}.groups`, false)];
  if (uid.claim && uid.expression) errors.push(invalid(`${path}.uid`, '', "claim and expression can't both be set"));
  else if (uid.expression) errors.push(celUnsupported(`${path}.uid.expression`, uid.expression));
  extra.forEach(({ valueExpression = '' }: Obj, i: number) => {
    const at = `${path}.extra[${i}].valueExpression`;
    errors.push(valueExpression === '' ? required(at) : celUnsupported(at, valueExpression));
  });
  return errors;
}

/** validatePrefixClaimOrExpression */
function prefixedErrors({ claim = '', prefix, expression = '' }: PrefixedClaim, path: string, wanted: boolean): FieldError[] {
  if (claim !== '' && expression !== '') return [invalid(path, '', "claim and expression can't both be set")];
  if (expression !== '') {
    const useless = prefix !== undefined;
    return [
      ...(useless ? [invalid(`${path}.prefix`, prefix, 'may not be specified when expression is set')] : []),
      celUnsupported(`${path}.expression`, expression),
    ];
  }
  if (claim === '') return wanted ? [required(path, 'claim or expression is required')] : [];
  const detail = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
  return prefix === undefined ? [required(`${path}.prefix`, detail)] : [];
}
