package org.kho4j.verify;

import java.util.List;
import java.util.Optional;
import org.kho4j.verify.luo.BlockRules;
import org.kho4j.verify.luo.DevelopmentRules;
import org.kho4j.verify.luo.FlbRules;
import org.kho4j.verify.luo.ListRules;
import org.kho4j.verify.luo.LuoFileRules;
import org.kho4j.verify.luo.LuoRules;
import org.kho4j.verify.luo.SystemdRules;
import org.kho4j.verify.map.BitmapListRules;
import org.kho4j.verify.map.MapRules;
import org.kho4j.verify.map.PreservationRules;
import org.kho4j.verify.map.RadixRules;
import org.kho4j.verify.memfd.MemfdFolioRules;
import org.kho4j.verify.memfd.MemfdRules;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scratch.ScratchContentRules;
import org.kho4j.verify.scratch.ScratchRules;
import org.kho4j.verify.subtree.BlobRules;
import org.kho4j.verify.subtree.KhoTestRules;
import org.kho4j.verify.subtree.MemblockRules;
import org.kho4j.verify.subtree.MetadataRules;
import org.kho4j.verify.unclaimed.OwnerRules;
import org.kho4j.verify.vmalloc.VmallocRules;

/** The list of all rules. */
public final class Rules {

  /** All rules, by group, from the root FDT down. */
  public static final List<Rule> ALL =
      List.of(
          FdtRules.FORM,
          FdtRules.SIZE,
          FdtRules.VERSION,
          FdtRules.UNRELEASED,
          FdtRules.MAP_PROPERTY,
          FdtRules.MAP_ZERO,
          FdtRules.PROPERTIES,
          BlobRules.BLOB,
          BlobRules.BLOB_PRESERVED,
          BlobRules.BLOB_SIZE,
          FdtRules.SAME_BLOB,
          FdtRules.ROOT_PRESERVED,
          FdtRules.CONSUMED,
          FdtRules.NOT_FINALIZED,
          FdtRules.NEWER,
          PreservationRules.POINTER,
          PreservationRules.TWICE,
          RadixRules.ROOT_SLOTS,
          PreservationRules.KEY_ZERO,
          PreservationRules.KEY,
          PreservationRules.OVERLAP,
          PreservationRules.NODE_PRESERVED,
          PreservationRules.BEYOND,
          BitmapListRules.ELEMENTS,
          BitmapListRules.ORDER,
          BitmapListRules.START,
          BitmapListRules.ALIGNED,
          BitmapListRules.SAME_BLOCKS,
          BitmapListRules.ASCENDING,
          MapRules.FORM_UNSURE,
          MapRules.FORM_LIKELY,
          RadixRules.LOST_BIT,
          PreservationRules.ACROSS_NODES,
          PreservationRules.TOO_LARGE_FOR_7_1,
          BitmapListRules.COUNTED,
          VmallocRules.FIRST,
          VmallocRules.ORDER,
          VmallocRules.MULTIPLE,
          VmallocRules.FLAGS,
          VmallocRules.CHUNK,
          VmallocRules.LOOP,
          VmallocRules.ENDS_EARLY,
          VmallocRules.GOES_ON,
          VmallocRules.ENTRY,
          VmallocRules.CHUNK_PRESERVED,
          VmallocRules.BLOCK_PRESERVED,
          VmallocRules.BEHIND_ZERO,
          VmallocRules.FLAGS_MISSING,
          BlockRules.POINTER,
          BlockRules.LOOP,
          BlockRules.TOO_MANY,
          BlockRules.COUNT,
          BlockRules.PRESERVED,
          BlockRules.NOT_FULL,
          BlockRules.BEHIND,
          ListRules.POINTER,
          ListRules.COUNT,
          ListRules.PRESERVED,
          ListRules.BEHIND,
          LuoRules.SIZE,
          LuoRules.VERSION,
          LuoRules.RELEASED,
          LuoRules.PRESERVED,
          LuoRules.NAME,
          LuoRules.SAME_NAME,
          LuoFileRules.COUNT,
          LuoFileRules.NO_FILES,
          LuoFileRules.HANDLER,
          LuoFileRules.UNKNOWN_HANDLER,
          LuoFileRules.SAME_TOKEN,
          LuoFileRules.ONE_BAD,
          LuoRules.TREE,
          LuoRules.FLB_NODE,
          LuoFileRules.NO_DATA,
          LuoRules.OTHER_RELEASE,
          LuoRules.NEWER,
          FlbRules.PAGE,
          FlbRules.PRESERVED,
          FlbRules.COUNT,
          FlbRules.PAGES,
          FlbRules.NAME,
          FlbRules.SAME_NAME,
          FlbRules.REFERENCES,
          FlbRules.DATA,
          FlbRules.BEHIND,
          MemfdRules.VERSION,
          MemfdRules.STRUCTURE,
          MemfdRules.PRESERVED,
          MemfdRules.SEALS,
          MemfdRules.FLAGS,
          MemfdRules.ROOM,
          MemfdRules.EMPTY,
          MemfdRules.SIZE,
          MemfdFolioRules.HOLE,
          MemfdFolioRules.PFN,
          MemfdFolioRules.PRESERVED,
          MemfdFolioRules.FOLIO_FLAGS,
          MemfdFolioRules.BEYOND_SIZE,
          MemfdFolioRules.SAME_INDEX,
          MemfdFolioRules.ORDERED,
          MemfdFolioRules.ALIGNED,
          MemfdFolioRules.COVERED,
          MemfdRules.POSITION,
          MemfdRules.NEWER,
          MemfdRules.FEATURES,
          DevelopmentRules.CLIENT,
          DevelopmentRules.BOUNDS,
          SystemdRules.MAPPING,
          SystemdRules.JSON,
          SystemdRules.SIZE,
          SystemdRules.VERSION,
          SystemdRules.ENTRY,
          SystemdRules.TOKEN,
          SystemdRules.UNNAMED,
          SystemdRules.OTHER_SESSION,
          MemblockRules.FORM,
          MemblockRules.NODE,
          MemblockRules.PROPERTIES,
          MemblockRules.RANGE,
          MemblockRules.PRESERVED,
          MemblockRules.MANY,
          MemblockRules.NAME,
          MemblockRules.PAGES,
          MetadataRules.SIZE,
          MetadataRules.VERSION,
          MetadataRules.RELEASE,
          MetadataRules.COUNT,
          KhoTestRules.FORM,
          KhoTestRules.ROOM,
          KhoTestRules.ORDER,
          KhoTestRules.PRESERVED,
          KhoTestRules.CHECKSUM,
          ScratchRules.RECORD,
          ScratchRules.ARRAY,
          ScratchRules.REGION,
          ScratchRules.ALIGNMENT,
          ScratchContentRules.STRUCTURE,
          ScratchContentRules.PRESERVED,
          ScratchRules.TOO_SMALL,
          ScratchRules.TAKES,
          OwnerRules.TWICE,
          OwnerRules.UNCLAIMED,
          OwnerRules.UNKNOWN,
          OwnerRules.LOST);

  private Rules() {}

  /** Returns the rule of an id, in upper or lower case. */
  public static Optional<Rule> of(String id) {
    return ALL.stream().filter(rule -> rule.id().equalsIgnoreCase(id)).findFirst();
  }
}
