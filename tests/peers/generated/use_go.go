// Use the client that openapi-generator makes for Go.
package main

import (
	"context"
	"fmt"
	"os"

	client "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func main() {
	settings := client.NewConfiguration()
	settings.Servers = client.ServerConfigurations{{URL: os.Args[1]}}
	api, here := client.NewAPIClient(settings).SpeakerDiarizationAPI, context.Background()
	file, _ := os.Open(os.Args[2])
	config := client.NewSpeakerDiarizationConfig()
	config.SetMaxSpeakers(2)
	started, _, err := api.SpeakerDiarizationStartApiTechnologySpeakerDiarizationPost(here).File(file).Config(*config).Execute()
	if err != nil {
		panic(err)
	}
	for {
		task, _, err := api.SpeakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet(here, started.Task.TaskId).Execute()
		if err != nil {
			panic(err)
		}
		if task.Task.State == client.TASKINFOSTATE_DONE {
			result := task.Result.Get()
			if result.Channels[0].Segments[0].EndTime <= 0 {
				panic("no segment")
			}
			break
		}
	}
	_, answer, err := api.SpeakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet(here, "00000000-0000-0000-0000-000000000000").Execute()
	if err == nil || answer.StatusCode != 404 {
		panic("no 404")
	}
	fmt.Println("works")
}
