/** The scenarios: what real kernels are asked, and what they have to answer. */
package org.kho4j.lab.scenario;
