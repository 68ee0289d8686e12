import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * What Java makes of renames: reads lines of {@code name pattern replacement}, each in Base64, and answers each with
 * {@code = result} or {@code ! exception}. Run by {@code generate.ts}, which keeps the answers as a fixture.
 */
public class JavaRenames {
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    PrintWriter out = new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split(" ", -1);
      try {
        out.println("= " + encode(decode(parts[0]).replaceAll(decode(parts[1]), decode(parts[2]))));
      } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
        out.println("! " + e.getClass().getSimpleName());
      }
    }
    out.flush();
  }

  private static String decode(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
