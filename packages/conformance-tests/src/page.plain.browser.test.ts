import { describePage } from './page-tests.ts';

describePage(false);
