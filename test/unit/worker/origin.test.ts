import { atOnce } from '../../fixtures/api.ts';
import { describe, expect, it } from 'vitest';
import { makeCluster } from '../../host/make-cluster.ts';
import { refuseUnknown } from '../../../src/apiserver/unknown.ts';
import { bearsCredential, isForeign, isHost } from '../../../src/worker/edge/origin.worker.ts';

const headers = (of: Record<string, string>) => new Headers(of);

describe('[MG58] the address of clusters', () => {
  it('knows a host from what would become a part of the address', () => {
    for (const host of ['localhost', 'localhost:8443', 'a.b-c.example', '127.0.0.1:1', '[::1]', '[::1]:8443', 'A_B']) {
      expect(isHost(headers({ host })), host).toBe(true);
    }
    for (const host of [
      '',
      'x/clusters/y/api?',
      'a, b',
      'a b',
      'user@h',
      'h?x',
      'h#x',
      'h\\x',
      'h:1:2',
      'h:',
      '.h',
      '[::1',
      'x'.repeat(300),
    ]) {
      expect(isHost(headers({ host })), host).toBe(false);
    }
    expect(isHost(headers({}))).toBe(false);
  });

  it('lets through whoever shows a bearer token, and wakes nobody for others', () => {
    for (const authorization of ['Bearer x', 'bearer x', 'Bearer  x '])
      expect(bearsCredential(headers({ authorization }), 'x-certificate')).toBe(true);
    for (const authorization of ['', 'Bearer', 'Bearer ', 'Bearer   ', 'Basic eDp5', 'x', 'Bearerx']) {
      expect(bearsCredential(headers({ authorization }), 'x-certificate'), authorization).toBe(false);
    }
    expect(bearsCredential(headers({}), 'x-certificate')).toBe(false);
  });

  it('refuses browsers of other sites and under other names', () => {
    const hosts = ['localhost', '::1'];
    const ask = (of: Record<string, string>) => isForeign(headers({ host: 'localhost:8443', ...of }), hosts);
    expect(ask({})).toBe(false);
    expect(ask({ host: 'whatever.example' })).toBe(false);
    expect(ask({ origin: 'https://localhost:8443', 'sec-fetch-site': 'same-origin' })).toBe(false);
    expect(ask({ 'sec-fetch-site': 'none' })).toBe(false);
    expect(ask({ origin: 'http://localhost' })).toBe(false);
    expect(ask({ host: '[::1]:8443', origin: 'https://[::1]:8443' })).toBe(false);
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'whatever' },
      { host: 'rebound.example', origin: 'https://rebound.example' },
      { host: 'rebound.example', 'sec-fetch-site': 'same-origin' },
      { host: 'localhost.evil.example', origin: 'https://localhost.evil.example' },
    ];
    for (const of of foreign) {
      expect(ask(of), JSON.stringify(of)).toBe(true);
    }
    expect(isForeign(headers({ host: 'any.example', origin: 'https://any.example' }), undefined)).toBe(false);
  });

  it('tells strangers the same where there is no cluster as a cluster does', () => {
    const host = makeCluster({ apiOnly: true });
    const [uuid] = ['0c6f3f4a-0000-4000-8000-000000000000'];
    for (const url of [
      '/api',
      '/api/v1/pods',
      '/api/v1/pods?pretty=true',
      '/version',
      '/nothing',
      '/apis/apps/v1/deployments?watch=1',
      '/',
    ]) {
      for (const accept of [
        'application/json',
        'application/yaml',
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'text/html',
        '*/*',
      ]) {
        for (const agent of ['kubectl/v1.36', 'curl/8', 'Mozilla/5.0 (x)']) {
          const all: Record<string, string> = { authorization: 'Bearer x', accept, 'user-agent': agent, 'audit-id': uuid };
          const header = (name: string) => all[name] ?? null;
          const request = { method: 'GET', url, header, body: '', now: host.now };
          const there = atOnce(host.cluster.handle(request));
          expect(refuseUnknown(request, { uuid: () => uuid }), `${url} ${accept} ${agent}`).toEqual(there);
        }
      }
    }
  });
});
