// A language host: the plugin with which the engine runs programs and component packages of a language and generates SDKs for
// it. The name that it is started by, such as pulumi-language-nodejs, says which language. Pulumi's own hosts are in Go modules
// that module proxies do not serve. This one speaks the same protocol (pulumi/language.proto) and uses the same packages of
// Pulumi's SDK and CLI.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// runtime is what runs the programs of a language. Commands are returned without streams and without working directory.
type runtime interface {
	// program is the command that runs a program.
	program(ctx context.Context, engine string, request *pulumirpc.RunRequest) (*exec.Cmd, error)
	// plugin is the command that serves a component package.
	plugin(ctx context.Context, request *pulumirpc.RunPluginRequest) (*exec.Cmd, error)
	// install installs the dependencies of a program or a component package.
	install(ctx context.Context, request *pulumirpc.InstallDependenciesRequest, stdout, stderr io.Writer) error
	// packages are the Pulumi packages that a program has installed.
	packages(info *pulumirpc.ProgramInfo) ([]*pulumirpc.PackageDependency, error)
	// link adds a generated SDK to a program's dependencies, and returns the line of code that imports it.
	link(ctx context.Context, info *pulumirpc.ProgramInfo, path string) (string, error)
	// version is the command that prints the runtime's version.
	version(ctx context.Context, info *pulumirpc.ProgramInfo) (*exec.Cmd, error)
}

// Without a runtime, SDKs of a language can be generated all the same.
var runtimes = map[string]runtime{"nodejs": node{}, "python": python{}}

// shownToUser is the exit code of programs that have reported their error to the engine themselves.
const shownToUser = 32

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	language string
	runtime  runtime
	// Address of the engine.
	engine string
}

func main() {
	flag.String("tracing", "", "not used")
	flag.Parse()
	logging.InitLogging(false, 0, false)
	language := strings.TrimPrefix(filepath.Base(os.Args[0]), "pulumi-language-")
	if err := serve(&host{language: language, runtime: runtimes[language], engine: flag.Arg(0)}); err != nil {
		cmdutil.Exit(fmt.Errorf("the language host for %s: %w", language, err))
	}
}

// serve prints the port that the host listens on, and serves until the engine ends.
func serve(server *host) error {
	ctx, cancel := context.WithCancel(context.Background())
	if err := rpcutil.Healthcheck(ctx, server.engine, 5*time.Minute, cancel); err != nil {
		return err
	}
	ended := make(chan bool)
	go func() {
		<-ctx.Done()
		close(ended)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(registrar *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(registrar, server)
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

func (h *host) needRuntime() error {
	if h.runtime == nil {
		return status.Errorf(codes.Unimplemented, "this language host generates SDKs for %s, but it runs nothing", h.language)
	}
	return nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	if err := h.needRuntime(); err != nil {
		return nil, err
	}
	command, err := h.runtime.version(ctx, request.Info)
	if err != nil {
		return nil, err
	}
	output, err := command.Output()
	return &pulumirpc.AboutResponse{Executable: command.Path, Version: strings.TrimSpace(string(output))}, err
}

func (h *host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	if err := h.needRuntime(); err != nil {
		return nil, err
	}
	packages, err := h.runtime.packages(request.Info)
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, err
}

func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if err := h.needRuntime(); err != nil {
		return nil, err
	}
	command, err := h.runtime.program(ctx, h.engine, request)
	if err != nil {
		return nil, err
	}
	// Neither may be null.
	settings := map[string]string{}
	maps.Copy(settings, request.Config)
	configuration, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(append([]string{}, request.ConfigSecretKeys...))
	if err != nil {
		return nil, err
	}
	command.Env = append(command.Environ(),
		"PULUMI_CONFIG="+string(configuration), "PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == shownToUser:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit) && exit.Exited():
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program exited with non-zero exit code: %d", exit.ExitCode())}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program could not be run: %v", err)}, nil
	}
}

// RunPlugin serves a component package until the engine cancels the call.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer) error {
	if err := h.needRuntime(); err != nil {
		return err
	}
	command, err := h.runtime.plugin(server.Context(), request)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	command.Dir = request.Pwd
	command.Env = append(command.Environ(), request.Env...)
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Run(); err != nil {
		return err
	}
	return closer.Close()
}

func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	if err := h.needRuntime(); err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, request.IsTerminal)
	if err != nil {
		return err
	}
	return errors.Join(h.runtime.install(server.Context(), request, stdout, stderr), closer.Close())
}

// Link adds generated SDKs to a program's dependencies. The engine installs them then.
func (h *host) Link(ctx context.Context, request *pulumirpc.LinkRequest) (*pulumirpc.LinkResponse, error) {
	if err := h.needRuntime(); err != nil {
		return nil, err
	}
	instructions := "You can then import the SDK in your program with:\n\n"
	for _, dependency := range request.Packages {
		line, err := h.runtime.link(ctx, request.Info, dependency.Path)
		if err != nil {
			return nil, err
		}
		instructions += "  " + line + "\n"
	}
	return &pulumirpc.LinkResponse{ImportInstructions: instructions}, nil
}
