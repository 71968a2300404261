import java.io.File;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.SpeakerDiarizationApi;
import org.openapitools.client.model.SpeakerDiarizationConfig;
import org.openapitools.client.model.SpeakerDiarizationTask;
import org.openapitools.client.model.TaskInfoState;

/** Use the client that openapi-generator makes for Java. */
public class UseJava {
  /** Written into the form by its `toString`, which is no JSON as it comes. */
  static class Config extends SpeakerDiarizationConfig {
    @Override
    public String toString() {
      return "{\"max_speakers\": " + getMaxSpeakers() + "}";
    }
  }

  public static void main(String[] words) throws ApiException {
    ApiClient client = new ApiClient();
    client.updateBaseUri(words[0]);
    SpeakerDiarizationApi api = new SpeakerDiarizationApi(client);
    Config config = new Config();
    config.setMaxSpeakers(2);
    UUID id = api.speakerDiarizationStartApiTechnologySpeakerDiarizationPost(
        new File(words[1]), null, null, null, null, null, null, config).getTask().getTaskId();
    SpeakerDiarizationTask task;
    do {
      task = api.speakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet(id, null, null);
    } while (task.getTask().getState() != TaskInfoState.DONE);
    if (task.getResult().getChannels().get(0).getSegments().get(0).getEndTime().doubleValue() <= 0) {
      throw new IllegalStateException("no segment");
    }
    try {
      api.speakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet(new UUID(0, 0), null, null);
      throw new IllegalStateException("no 404");
    } catch (ApiException error) {
      if (error.getCode() != 404) {
        throw error;
      }
    }
    System.out.println("works");
  }
}
