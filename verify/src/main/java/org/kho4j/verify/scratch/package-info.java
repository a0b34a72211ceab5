/** The boot record and the scratch regions, and what must not lie in them. */
package org.kho4j.verify.scratch;
