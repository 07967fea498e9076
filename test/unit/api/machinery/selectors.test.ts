import { describe, expect, it } from 'vitest';
import { checkFields, matchesFields, parseFieldSelector, relabel } from '../../../../src/api/machinery/fields.ts';
import { fromLabelSelector, matches, parseSelector, selectorToString } from '../../../../src/api/machinery/labels.ts';

const selects = (text: string, labels: Record<string, string>) => matches(parseSelector(text), labels);

describe('label selectors', () => {
  it('match', () => {
    expect(selects('', {})).toBe(true);
    expect(selects('a=b', { a: 'b' })).toBe(true);
    expect(selects('a!=b', {})).toBe(true);
    expect(selects('a in (b, c)', { a: 'c' })).toBe(true);
    expect(selects('a notin (b),d', { a: 'c' })).toBe(false);
    expect(selects('!a', {})).toBe(true);
    expect(selects('n>5', { n: '6' })).toBe(true);
  });

  it('print in order', () => {
    expect(selectorToString(parseSelector('b=1,a in (y,x)'))).toBe('a in (x,y),b=1');
  });

  it('refuse what they cannot read, in upstream’s words', () => {
    expect(() => parseSelector('a in b')).toThrow("unable to parse requirement: found 'b' expected: '('");
    expect(() => parseSelector('a,')).toThrow("found '', expected: identifier after ','");
  });

  it('of objects: absent selects nothing, empty everything', () => {
    expect(matches(fromLabelSelector(undefined), {})).toBe(false);
    expect(matches(fromLabelSelector({}), {})).toBe(true);
    const expression = { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] };
    expect(matches(fromLabelSelector(expression), { a: '' })).toBe(false);
  });
});

describe('field selectors', () => {
  const object = { metadata: { name: 'a', namespace: 'n' }, spec: { nodeName: 'x' } };
  const selectable = { 'spec.nodeName': ['spec', 'nodeName'] };

  it('match', () => {
    expect(matchesFields(parseFieldSelector('metadata.name=a,spec.nodeName!=y'), object, selectable)).toBe(true);
    expect(matchesFields(parseFieldSelector('spec.nodeName=y'), object, selectable)).toBe(false);
  });

  it('read escapes', () => {
    expect(parseFieldSelector('a=b\\,c')[0]?.value).toBe('b,c');
  });

  it('know the fields of the kind', () => {
    expect(() => checkFields(parseFieldSelector('spec.x=1'), selectable)).toThrow('field label not supported: spec.x');
  });

  it('an event’s source is its reporter when it has no other', () => {
    const paths = { source: ['source', 'component'] };
    const is = (event: object) => matchesFields(parseFieldSelector('source=me'), event, paths);
    expect(is({ source: { component: 'me' } })).toBe(true);
    expect(is({ source: {}, reportingComponent: 'me' })).toBe(true);
    expect(is({ source: { component: 'you' }, reportingComponent: 'me' })).toBe(false);
  });

  it('of another version are told in the labels of the stored one', () => {
    const labels = { reportingController: 'reportingComponent', type: 'type' };
    expect(relabel('type!=a\\,b,reportingController=x', labels)).toBe('reportingComponent=x,type!=a\\,b');
    expect(() => relabel('source=x', labels)).toThrow('field label not supported: source');
  });
});
