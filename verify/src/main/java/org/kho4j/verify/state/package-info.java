/**
 * What a verification knows so far: findings and counts, and of each page of RAM whether it is
 * present, preserved and claimed.
 */
package org.kho4j.verify.state;
