import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kho4j.linux.HugePages;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.linux.LiveUpdateDevice;
import org.kho4j.linux.LiveUpdateSession;

/**
 * Memory files in a session of LUO: {@code preserve N} fills and preserves N of them and stays
 * alive, {@code check N} compares them in the next kernel. File t has t * 12,345 words, word i of
 * it is t * 2^32 + i.
 */
final class LiveUpdateGuest {

  private static final String SESSION = "java";
  private static final int ENOENT = 2;
  private static final int EBUSY = 16;
  private static final int EEXIST = 17;
  private static final int EINVAL = 22;

  public static void main(String[] arguments) throws Exception {
    int files = Integer.parseInt(arguments[1]);
    try (LiveUpdateDevice device = LiveUpdateDevice.open()) {
      refused("a second open", EBUSY, LiveUpdateDevice::open);
      if (arguments[0].equals("preserve")) {
        preserve(device, files);
      } else {
        check(device, files);
      }
    }
  }

  private static void preserve(LiveUpdateDevice device, int files) throws Exception {
    LiveUpdateSession session = device.create(SESSION);
    refused("a second session of that name", EEXIST, () -> device.create(SESSION));
    for (int token = 1; token <= files; token++) {
      LinuxFile file = LinuxFile.memory("file" + token, 12_345L * token * 8, HugePages.NONE);
      MemorySegment words = file.map(0, file.size(), Arena.global());
      for (long i = 0; i < 12_345L * token; i++) {
        words.setAtIndex(ValueLayout.JAVA_LONG, i, ((long) token << 32) + i);
      }
      session.preserve(token, file);
      int taken = token;
      refused("a used token", EEXIST, () -> session.preserve(taken, memory()));
    }
    System.out.println("preserved");
    Thread.sleep(Long.MAX_VALUE);
  }

  private static LinuxFile memory() throws LinuxException {
    return LinuxFile.memory("other", 4096, HugePages.NONE);
  }

  private static void check(LiveUpdateDevice device, int files) throws Exception {
    refused("a session of another name", ENOENT, () -> device.retrieve("other"));
    LiveUpdateSession session = device.retrieve(SESSION);
    refused("a token that nobody has", ENOENT, () -> session.retrieve(files + 1));
    for (int token = 1; token <= files; token++) {
      LinuxFile file = session.retrieve(token);
      require(file.size() == 12_345L * token * 8, "file " + token + " has " + file.size() + " bytes");
      MemorySegment words = file.map(0, file.size(), Arena.global());
      for (long i = 0; i < 12_345L * token; i++) {
        long word = words.getAtIndex(ValueLayout.JAVA_LONG, i);
        require(word == ((long) token << 32) + i, "word " + i + " of file " + token + " is " + word);
      }
    }
    session.finish();
    refused("a session that was retrieved", EINVAL, () -> device.retrieve(SESSION));
    System.out.println(files + " files are the same");
    System.out.println("same");
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void refused(String what, int errno, Call call) throws Exception {
    try {
      call.run();
    } catch (LinuxException e) {
      require(e.errno() == errno, what + ": " + e.getMessage());
      System.out.println(what + ": " + e.getMessage());
      return;
    }
    throw new IllegalStateException(what + " was not refused");
  }

  private static void require(boolean so, String message) {
    if (!so) {
      throw new IllegalStateException(message);
    }
  }
}
