/** What verify says of a handover against what a real kernel makes of it. */
package org.kho4j.lab.agreement;
