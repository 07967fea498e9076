import { describe, expect, it } from 'vitest';
import { fromProtobuf } from '../../../src/api/machinery/protobuf.ts';

type Field = [number, number | bigint | string | Field[] | Uint8Array];

function varint(value: number | bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
}

/** Numbers as varints, texts and bytes as they are, lists of fields as messages. */
function message(fields: Field[]): number[] {
  return fields.flatMap(([number, value]) => {
    if (typeof value === 'number' || typeof value === 'bigint') return [...varint(number << 3), ...varint(value)];
    const bytes =
      typeof value === 'string' ? [...new TextEncoder().encode(value)] : Array.isArray(value) ? message(value) : [...value];
    return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
  });
}

const body = (apiVersion: string, kind: string, fields: Field[]): string =>
  String.fromCharCode(
    0x6b,
    0x38,
    0x73,
    0,
    ...message([
      [
        1,
        [
          [1, apiVersion],
          [2, kind],
        ],
      ],
      [2, Uint8Array.from(message(fields))],
    ]),
  );

describe('protobuf bodies', () => {
  it('read as the JSON that the same client would have sent', () => {
    const object = fromProtobuf(
      body('apps/v1', 'Deployment', [
        [
          1,
          [
            [1, 'web'],
            [2, ''],
            [7, 0],
            [8, []],
            [
              11,
              [
                [1, 'app'],
                [2, 'wéb'],
              ],
            ],
            [
              11,
              [
                [1, 'tier'],
                [2, ''],
              ],
            ],
          ],
        ],
        [
          2,
          [
            [1, 0],
            [
              2,
              [
                [
                  1,
                  [
                    [1, 'app'],
                    [2, 'web'],
                  ],
                ],
              ],
            ],
            [
              3,
              [
                [
                  2,
                  [
                    [
                      1,
                      [
                        [1, 'data'],
                        [
                          2,
                          [
                            [
                              2,
                              [
                                [1, 'Memory'],
                                [2, [[1, '64Mi']]],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                    [
                      2,
                      [
                        [1, 'c'],
                        [2, 'nginx'],
                        [
                          8,
                          [
                            [
                              1,
                              [
                                [1, 'cpu'],
                                [2, [[1, '100m']]],
                              ],
                            ],
                          ],
                        ],
                        [
                          10,
                          [
                            [
                              1,
                              [
                                [
                                  2,
                                  [
                                    [1, '/'],
                                    [
                                      2,
                                      [
                                        [1, 1],
                                        [3, 'http'],
                                      ],
                                    ],
                                  ],
                                ],
                              ],
                            ],
                            [2, 5],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
            ],
            [
              4,
              [
                [
                  2,
                  [
                    [
                      1,
                      [
                        [1, 0],
                        [2, 1],
                      ],
                    ],
                  ],
                ],
              ],
            ],
            [7, 0],
          ],
        ],
      ]),
    );
    expect(object).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web', labels: { app: 'wéb', tier: '' } },
      spec: {
        // A pointer's zero is a value; a plain field's is what nobody set.
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          spec: {
            volumes: [{ name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } }],
            containers: [
              {
                name: 'c',
                image: 'nginx',
                resources: { limits: { cpu: '100m' } },
                livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 5 },
              },
            ],
          },
        },
        strategy: { rollingUpdate: { maxUnavailable: 1 } },
      },
    });
  });

  it('knows bytes, times, negative numbers and lists of lists', () => {
    expect(
      fromProtobuf(
        body('v1', 'Secret', [
          [
            2,
            [
              [1, 'k'],
              [2, Uint8Array.of(0, 255)],
            ],
          ],
          [3, 'Opaque'],
        ]),
      ),
    ).toEqual({
      kind: 'Secret',
      apiVersion: 'v1',
      data: { k: 'AP8=' },
      type: 'Opaque',
    });
    const lease = fromProtobuf(
      body('coordination.k8s.io/v1', 'Lease', [
        [
          2,
          [
            [2, -1n],
            [
              3,
              [
                [1, 1_700_000_000],
                [2, 123_456_789],
              ],
            ],
          ],
        ],
      ]),
    );
    expect(lease?.spec).toEqual({ leaseDurationSeconds: -1, acquireTime: '2023-11-14T22:13:20.123456Z' });
    const review = fromProtobuf(
      body('authentication.k8s.io/v1', 'TokenReview', [
        [
          3,
          [
            [
              2,
              [
                [
                  4,
                  [
                    [1, 'x'],
                    [
                      2,
                      [
                        [1, 'a'],
                        [1, 'b'],
                      ],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ]),
    );
    expect(review?.status.user.extra).toEqual({ x: ['a', 'b'] });
  });

  it('reads the options of verbs in any group, and skips fields that it does not know', () => {
    expect(
      fromProtobuf(
        body('apps/v1', 'DeleteOptions', [
          [1, 0],
          [4, 'Orphan'],
          [77, 'later'],
          [78, 5],
        ]),
      ),
    ).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'apps/v1',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Orphan',
    });
  });

  it('refuses what is no message, and leaves unknown kinds alone', () => {
    expect(() => fromProtobuf('{"kind":"Pod"}')).toThrow(RangeError);
    const cut = body('v1', 'ConfigMap', [
      [
        2,
        [
          [1, 'k'],
          [2, 'v'],
        ],
      ],
    ]).slice(0, -2);
    expect(() => fromProtobuf(cut)).toThrow('unexpected EOF');
    expect(fromProtobuf(body('example.com/v1', 'Crane', []))).toBeUndefined();
  });
});
