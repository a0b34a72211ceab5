/** {@code kho warm}: stores whose memory outlives their process. */
package org.kho4j.cli.warm;
