/** LUO's state: its head, sessions, files, file-lifecycle-bound data, and systemd's session. */
package org.kho4j.verify.luo;
