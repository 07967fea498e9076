import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../src/lib/egress.ts';
import { EGRESS_URL_CHARACTERS } from '../../../src/lib/limits.ts';

describe('[MG51] addresses that may be called', () => {
  it.each([
    'https://example.com/',
    'http://example.com:8080/x?y#z',
    'https://hooks.example.co.uk:8443/a',
    'https://example.com./',
    'https://1.1.1.1/',
    'https://172.32.0.1/',
    'https://100.128.0.1/',
    'https://223.255.255.255/',
    'https://[2606:4700:4700::1111]/',
    'https://[2a00:1450::]/',
    'https://xn--bcher-kva.example/',
    'https://bücher.example/',
  ])('%s', (url) => expect(refusalOf(url)).toBeUndefined());
});

describe('[MG52] addresses of what lies around the server', () => {
  it.each([
    // This machine and networks, in every way that a URL may write an IPv4 address.
    ...'127.0.0.1 127.1 0 0.0.0.0 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 127.0.0.1.'.split(' '),
    ...'１２７.０.０.１ ⑫7.0.0.1 %31%32%37.0.0.1 127。0。0。1'.split(' '),
    ...'10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.100.100.200 198.18.0.1'.split(' '),
    // Metadata of clouds.
    ...'169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.170.2 168.63.129.16 192.0.0.192'.split(' '),
    ...'224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.0.2.1 198.51.100.7 203.0.113.9'.split(' '),
    // IPv6: loopback, unspecified, unique local, link local, multicast, mapped, NAT64, 6to4, Teredo, documentation, EC2's metadata.
    ...'[::1] [::] [fc00::1] [fd00:ec2::254] [fe80::1] [ff02::1] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe]'.split(' '),
    ...'[::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::1] [2002:7f00:1::] [2001:0:1::1] [2001:db8::1] [3fff::1]'.split(' '),
    ...'[0:0:0:0:0:0:0:1] [0000::0001] [fec0::1] [100::1] [5f00::1]'.split(' '),
    // Names of near things.
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'metadata',
    'metadata.google.internal',
    'printer.local',
    'router.lan',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'host.docker.internal',
    'x.onion',
    '1.0.0.127.in-addr.arpa',
    ...'wiki.corp nas.home a..b.com'.split(' '),
  ])('%s', (host) => expect(refusalOf(`https://${host}/`) ?? 'open').not.toBe('open'));
});

describe('[MG53] what is no call to a web server', () => {
  it.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://example.com/',
    'unix:/run/docker.sock',
    '//example.com/',
    'example.com',
    '',
    'https://',
    'https://exa mple.com/',
    'https://[::1',
    'https://%00/',
    ...'https://user@example.com/ https://user:password@example.com/ https://:password@example.com/'.split(' '),
    'https://example.com:22/',
    'https://example.com:25/',
    'http://example.com:6379/',
    'http://example.com:11211/',
    'http://example.com:6667/',
    `https://example.com/${'x'.repeat(EGRESS_URL_CHARACTERS)}`,
  ])('%s', (url) => expect(refusalOf(url)).toBeDefined());
});
