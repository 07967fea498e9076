import { managementSuite } from './management-suite.ts';

await managementSuite(1);
