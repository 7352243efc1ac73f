import { describePage } from './page-tests.ts';

describePage(true);
