import { managementSuite } from '../isolation/management-suite.ts';

/** A part of the matrix; `test/isolation` asks everybody. */
await managementSuite(11);
