package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/nodejs/npm"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// node runs programs with the `node` of the PATH and the @pulumi/pulumi that they find.
type node struct{}

// manifest is what of a package.json is read.
type manifest struct {
	Name    string                  `json:"name"`
	Version string                  `json:"version"`
	Pulumi  plugin.PulumiPluginJSON `json:"pulumi"`
}

func (node) program(ctx context.Context, engine string, request *pulumirpc.RunRequest) (*exec.Cmd, error) {
	script, err := findScript(ctx, "run", request.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	options := request.Info.Options.AsMap()
	arguments := append(strings.Fields(text(options, "nodeargs")), script,
		"--monitor", request.MonitorAddress,
		"--engine", engine,
		"--organization", request.Organization,
		"--project", request.Project,
		"--stack", request.Stack,
		"--pwd", request.Pwd,
		"--query-mode", fmt.Sprint(request.QueryMode),
		"--parallel", fmt.Sprint(request.Parallel))
	if request.DryRun {
		arguments = append(arguments, "--dry-run")
	}
	arguments = append(append(arguments, request.Info.EntryPoint), request.Args...)
	command := exec.CommandContext(ctx, "node", arguments...)
	if options["typescript"] != false {
		command.Env = append(command.Environ(), "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if path := text(options, "tsconfig"); path != "" {
		command.Env = append(command.Environ(), "PULUMI_NODEJS_TSCONFIG_PATH="+path)
	}
	return command, nil
}

func (node) plugin(ctx context.Context, request *pulumirpc.RunPluginRequest) (*exec.Cmd, error) {
	folder := request.Info.ProgramDirectory
	script, err := findScript(ctx, "run-plugin", folder)
	if err != nil {
		return nil, err
	}
	arguments := append(strings.Fields(text(request.Info.Options.AsMap(), "nodeargs")), script, folder)
	return exec.CommandContext(ctx, "node", append(arguments, request.Args...)...), nil
}

// findScript finds a script of the @pulumi/pulumi that code in a folder would import.
func findScript(ctx context.Context, name, folder string) (string, error) {
	command := exec.CommandContext(ctx, "node", "-p", fmt.Sprintf("require.resolve('@pulumi/pulumi/cmd/%s')", name))
	command.Dir = folder
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s has no @pulumi/pulumi. Have you run npm install there?", folder)
	}
	return strings.TrimSpace(string(output)), nil
}

func (node) install(
	ctx context.Context, request *pulumirpc.InstallDependenciesRequest, stdout, stderr io.Writer,
) error {
	info := request.Info
	_, err := npm.Install(ctx, packageManager(info), info.ProgramDirectory, request.IsPlugin, stdout, stderr)
	return err
}

func (node) link(ctx context.Context, info *pulumirpc.ProgramInfo, path string) (string, error) {
	manager, err := npm.ResolvePackageManager(packageManager(info), info.ProgramDirectory)
	if err != nil {
		return "", err
	}
	sdk, err := readManifest(filepath.Join(info.ProgramDirectory, path))
	if err != nil {
		return "", err
	}
	name := sdk.Pulumi.Name
	if sdk.Pulumi.Parameterization != nil {
		name = sdk.Pulumi.Parameterization.Name
	}
	line := fmt.Sprintf("import * as %s from \"%s\";", strings.ReplaceAll(name, "-", "_"), sdk.Name)
	return line, manager.Link(ctx, info.ProgramDirectory, sdk.Name, path)
}

func (node) version(ctx context.Context, _ *pulumirpc.ProgramInfo) (*exec.Cmd, error) {
	return exec.CommandContext(ctx, "node", "--version"), nil
}

// packages finds the packages in node_modules, of the program's folder and those above it, and in their own node_modules.
func (node) packages(info *pulumirpc.ProgramInfo) ([]*pulumirpc.PackageDependency, error) {
	var found []*pulumirpc.PackageDependency
	folder := info.ProgramDirectory
	for {
		more, err := packagesBelow(folder)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
		parent := filepath.Dir(folder)
		if parent == folder {
			return found, nil
		}
		folder = parent
	}
}

func packagesBelow(folder string) ([]*pulumirpc.PackageDependency, error) {
	var found []*pulumirpc.PackageDependency
	for _, pattern := range []string{"node_modules/[^@.]*", "node_modules/@*/*"} {
		folders, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			sdk, err := readManifest(folder)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if sdk.Pulumi.Resource {
				found = append(found, dependencyOf(sdk))
			}
			more, err := packagesBelow(folder)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	return found, nil
}

func dependencyOf(sdk manifest) *pulumirpc.PackageDependency {
	dependency := &pulumirpc.PackageDependency{
		Kind:    "resource",
		Name:    sdk.Pulumi.Name,
		Version: sdk.Pulumi.Version,
		Server:  sdk.Pulumi.Server,
	}
	if dependency.Name == "" {
		dependency.Name = strings.TrimPrefix(sdk.Name, "@pulumi/")
	}
	if dependency.Version == "" {
		dependency.Version = sdk.Version
	}
	if parameter := sdk.Pulumi.Parameterization; parameter != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameter.Name, Version: parameter.Version, Value: parameter.Value,
		}
	}
	return dependency
}

func readManifest(folder string) (manifest, error) {
	var parsed manifest
	file := filepath.Join(folder, "package.json")
	data, err := os.ReadFile(file)
	if err != nil {
		return parsed, err
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		return parsed, fmt.Errorf("%s: %w", file, err)
	}
	return parsed, nil
}

func packageManager(info *pulumirpc.ProgramInfo) npm.PackageManagerType {
	return npm.PackageManagerType(text(info.Options.AsMap(), "packagemanager"))
}

// text is an option of the project's runtime, empty if it is not set.
func text(options map[string]any, name string) string {
	value, _ := options[name].(string)
	return value
}
