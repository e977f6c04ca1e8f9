package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// python runs programs in their virtual environment, or with the Python of the PATH if the project names none.
type python struct{}

// script is the part of Pulumi's SDK that runs a program. It is in the host's own folder, because pip does not install it.
const script = "pulumi-language-python-exec"

func tools(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	return toolchain.ResolveToolchain(toolchain.PythonOptions{
		Root:       info.RootDirectory,
		ProgramDir: info.ProgramDirectory,
		Virtualenv: text(info.Options.AsMap(), "virtualenv"),
	})
}

func (python) program(ctx context.Context, engine string, request *pulumirpc.RunRequest) (*exec.Cmd, error) {
	chain, err := tools(request.Info)
	if err != nil {
		return nil, err
	}
	if err := chain.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arguments := []string{
		"-u", filepath.Join(filepath.Dir(self), script),
		"--monitor", request.MonitorAddress,
		"--engine", engine,
		"--organization", request.Organization,
		"--project", request.Project,
		"--root_directory", request.Info.RootDirectory,
		"--stack", request.Stack,
		"--pwd", request.Pwd,
		"--dry_run", fmt.Sprint(request.DryRun),
		"--parallel", fmt.Sprint(request.Parallel),
		request.Info.EntryPoint,
	}
	return chain.Command(ctx, append(arguments, request.Args...)...)
}

func (python) plugin(context.Context, *pulumirpc.RunPluginRequest) (*exec.Cmd, error) {
	return nil, errors.New("this language host runs no component packages in Python")
}

func (python) install(
	ctx context.Context, request *pulumirpc.InstallDependenciesRequest, stdout, stderr io.Writer,
) error {
	chain, err := tools(request.Info)
	if err != nil {
		return err
	}
	return chain.InstallDependencies(
		ctx, request.Info.ProgramDirectory, request.UseLanguageVersionTools, true, stdout, stderr)
}

func (python) link(ctx context.Context, info *pulumirpc.ProgramInfo, path string) (string, error) {
	chain, err := tools(info)
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(info.ProgramDirectory, path, "*", "__init__.py"))
	if err != nil || len(found) != 1 {
		return "", errors.Join(fmt.Errorf("%s has %d Python packages, not one", path, len(found)), err)
	}
	name := filepath.Base(filepath.Dir(found[0]))
	return "import " + name, chain.LinkPackages(ctx, map[string]string{name: path})
}

// packages are none: they would be installed before the program runs, and the plugins in the sandbox are all that there are.
func (python) packages(*pulumirpc.ProgramInfo) ([]*pulumirpc.PackageDependency, error) {
	return nil, nil
}

func (python) version(ctx context.Context, info *pulumirpc.ProgramInfo) (*exec.Cmd, error) {
	chain, err := tools(info)
	if err != nil {
		return nil, err
	}
	return chain.Command(ctx, "--version")
}
