import { describeAdminSecrets } from './suite.ts';

describeAdminSecrets('vault');
