package org.kho4j.handover.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexSetTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 4096, 4097, 300_000})
  void behavesAsASortedSet(int universe) {
    SplittableRandom random = new SplittableRandom(universe);
    TreeSet<Integer> model = new TreeSet<>();
    IndexSet set = new IndexSet(universe);

    for (int i = 0; i < 20_000; i++) {
      int member = random.nextInt(universe);
      // mostly removing in the second half, so that words and whole levels become empty again
      if (random.nextInt(4) > 0 == i < 10_000) {
        set.add(member);
        model.add(member);
      } else {
        int removed = model.isEmpty() ? member : model.first();
        set.remove(removed);
        model.remove(removed);
      }
      assertThat(set.isEmpty()).isEqualTo(model.isEmpty());
      if (!model.isEmpty()) {
        assertThat(set.first()).isEqualTo(model.first());
      }
      int from = random.nextInt(universe);
      Integer next = model.ceiling(from);
      assertThat(set.next(from)).isEqualTo(next == null ? -1 : next);
    }
  }
}
