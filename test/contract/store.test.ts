import { openSqlite } from '../host/sqlite.ts';
import { storeContract } from './store-suite.ts';

storeContract('node:sqlite', () => openSqlite());
