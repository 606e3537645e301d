#include "checkpoint/output_folder.h"

#include <sys/resource.h>

#include <csignal>
#include <string>
#include <thread>

#include "checkpoint/output_support.h"

namespace mod::checkpoint::test {
namespace {

void expect_refused(const fs::path& folder, const OutputFolder::Options& options,
                    std::string_view part) {
  const Names before = names(folder);
  expect_error([&] { OutputFolder::check(folder, options); }, ErrorCode::kInvalidInput, part);
  expect_error([&] { OutputFolder(folder, options, quiet()); }, ErrorCode::kInvalidInput, part);
  EXPECT_EQ(names(folder), before);
}

TEST(OutputFolder, AWholeRunLeavesExactlyTheCheckpoint) {
  const TempFolder temp;
  run(temp / "new/out", {});
  EXPECT_EQ(names(temp / "new/out"), kFinished);
  EXPECT_EQ(read_text(temp / "new/out/model-00002-of-00002.safetensors"),
            std::string("HEADER2DATA2....", 16));
  EXPECT_EQ(read_text(temp / "new/out/config.json"), "config");
}

TEST(OutputFolder, ConfigComesAfterTheShardsAndTheIndexLast) {
  const TempFolder temp;
  const fs::path folder = temp / "out";
  run(folder, {}, [&](int step) {
    const Names now = names(folder);
    if (step < 6) {
      EXPECT_FALSE(now.contains("config.json")) << step;
      EXPECT_FALSE(now.contains(kIndexName)) << step;
      EXPECT_FALSE(now.contains("model-00002-of-00002.safetensors") && step < 5) << step;
    }
  });
  // A folder of the index's temporary name makes exactly its rename fail: config.json was there
  // before.
  const fs::path second = temp / "second";
  expect_error(
      [&] {
        run(second, {}, [&](int step) {
          if (step == 5) fs::create_directories(second / kIndexName / "x");
        });
      },
      ErrorCode::kIo, kIndexName);
  EXPECT_EQ(names(second), (Names{kIndexName}));  // the folder that the test made; all else is gone
}

TEST(OutputFolder, WithoutAnIndexConfigIsLast) {
  const TempFolder temp;
  OutputFolder out(temp / "out", {}, quiet());
  out.create_shards({{"model.safetensors", "HEADER", 8}}, {});
  out.finish_shard(0);
  out.add_file("config.json", "{}");
  out.commit("");
  EXPECT_EQ(names(temp / "out"), (Names{"config.json", "model.safetensors"}));
}

TEST(OutputFolder, AFailedRunRemovesAllThatItMade) {
  const TempFolder temp;
  fs::create_directories(temp / "empty");
  for (int step = 0; step <= 5; ++step) {
    for (const std::string place : {"made/for/it", "empty"}) {
      EXPECT_THROW(run(temp / place, {},
                       [&](int at) {
                         if (at == step) throw std::runtime_error("x");
                       }),
                   std::runtime_error);
      EXPECT_TRUE(names(temp / place).empty()) << step;
    }
    EXPECT_FALSE(fs::exists(temp / "made")) << step;
    EXPECT_TRUE(fs::exists(temp / "empty")) << step;
  }
}

TEST(OutputFolder, AKilledRunNeverLooksFinishedAndTheNextOneCleansUp) {
  for (int step = 0; step <= 5; ++step) {
    const TempFolder temp;
    const fs::path folder = temp / "out";
    run_killed_at(step, folder);
    const Names left = names(folder);
    EXPECT_TRUE(left.contains("mod_merge.mod-tmp")) << step;
    EXPECT_FALSE(left.contains("config.json")) << step;
    EXPECT_FALSE(left.contains(kIndexName)) << step;
    EXPECT_NO_THROW(OutputFolder::check(folder, {}));
    {
      OutputFolder next(folder, {}, quiet());
      EXPECT_EQ(names(folder), (Names{"mod_merge.mod-tmp"}));
    }
    EXPECT_TRUE(names(folder).empty()) << step;
    run_killed_at(step, folder);
    run(folder, {});
    EXPECT_EQ(names(folder), kFinished) << step;
  }
}

TEST(OutputFolder, LeftoversInTheMiddleOfTheRenamesAreCleanedToo) {
  const TempFolder temp;
  run_killed_at(5, temp.path());
  // As commit() does it: the marker says "committing" and some files have their names already.
  const std::string files =
      R"(["model-00001-of-00002.safetensors","model-00002-of-00002.safetensors",)"
      R"("tokenizer.json","config.json","model.safetensors.index.json"])";
  write_text(temp / "mod_merge.mod-tmp", R"({"committing":true,"files":)" + files + "}");
  fs::rename(temp / "tokenizer.json.mod-tmp", temp / "tokenizer.json");
  fs::rename(temp / "config.json.mod-tmp", temp / "config.json");
  {
    OutputFolder next(temp.path(), {}, quiet());
    EXPECT_EQ(names(temp.path()).size(), 1u);
  }
}

TEST(OutputFolder, ARunKilledAfterItsLastRenameCountsAsFinished) {
  const TempFolder temp;
  run(temp.path(), {});
  write_text(temp / "mod_merge.mod-tmp",
             R"({"committing":true,"files":["config.json","model-00001-of-00002.safetensors"]})");
  expect_refused(temp.path(), {}, "holds a checkpoint already");
  EXPECT_TRUE(names(temp.path()).contains("config.json"));
  run(temp.path(), {.overwrite = true});
  EXPECT_EQ(names(temp.path()), kFinished);
}

TEST(OutputFolder, RefusesFoldersWithContent) {
  const TempFolder temp;
  run(temp.path(), {});
  expect_refused(temp.path(), {}, "holds a checkpoint already (config.json, model-00001-of-00002");
  expect_refused(temp.path(), {.resume = true}, "holds a checkpoint already");
  const TempFolder other;
  write_text(other / "thesis.tex", "years of work");
  expect_refused(other.path(), {}, "is not empty (thesis.tex)");
  fs::remove(other / "thesis.tex");
  fs::create_directories(other / ".git");
  expect_refused(other.path(), {}, "is not empty (.git)");
  fs::create_directories(other / "config.json");
  expect_refused(other.path(), {.overwrite = true}, "'config.json' is no file");
}

TEST(OutputFolder, OverwriteRemovesFilesOfACheckpointOnly) {
  const TempFolder temp;
  run(temp.path(), {});
  for (const char* name : {"model-00001-of-00007.safetensors", "pytorch_model.bin", "vocab.json",
                           "model.safetensors.mod-tmp", "README.md"}) {
    write_text(temp / name, "old");
  }
  const Names foreign = {"thesis.tex", "model.safetensors.bak", "model-1-of-1.safetensors",
                         "my config.json"};
  for (const std::string& name : foreign) write_text(temp / name, "keep");
  write_text(temp / "folder/model.safetensors", "keep");
  run(temp.path(), {.overwrite = true});
  Names expected = kFinished;
  expected.insert(foreign.begin(), foreign.end());
  expected.insert("folder");
  EXPECT_EQ(names(temp.path()), expected);
  EXPECT_EQ(read_text(temp / "thesis.tex"), "keep");
  EXPECT_EQ(read_text(temp / "folder/model.safetensors"), "keep");
}

TEST(OutputFolder, AMarkerCannotNameForeignFiles) {
  const TempFolder temp;
  write_text(temp / "precious.txt", "keep");
  write_text(temp / "out/notes.txt", "keep");
  write_text(temp / "out/mod_merge.mod-tmp",
             R"({"files":["notes.txt","../precious.txt","/etc/hosts",7,"config.json"]})");
  write_text(temp / "out/config.json", "{}");
  run(temp / "out", {.overwrite = true});
  EXPECT_TRUE(fs::exists(temp / "precious.txt"));
  EXPECT_TRUE(fs::exists(temp / "out/notes.txt"));
  // A marker that is no JSON: temporary files are leftovers, finished-looking ones are not.
  const TempFolder broken;
  write_text(broken / "mod_merge.mod-tmp", "{{{");
  write_text(broken / "x.mod-tmp", "x");
  EXPECT_NO_THROW(OutputFolder::check(broken.path(), {}));
  write_text(broken / "config.json", "{}");
  expect_refused(broken.path(), {}, "holds a checkpoint already (config.json)");
}

TEST(OutputFolder, InputsAreNeverWrittenTo) {
  const TempFolder temp;
  write_text(temp / "in/model.safetensors", "weights");
  fs::create_directory_symlink(temp / "in", temp / "link");
  const std::vector<fs::path> inputs = {temp / "in"};
  const OutputFolder::Options options{.overwrite = true, .inputs = inputs};
  expect_refused(temp / "in", options, "is the folder of the input");
  expect_refused(temp / "link", options, "is the folder of the input");
  expect_refused(temp / "in/../in/.", options, "is the folder of the input");
  expect_refused(temp / "in", {.overwrite = true, .inputs = {temp / "in/model.safetensors"}},
                 "is the folder of the input");
  // Links inside the output folder that point at the input: the link goes, its target stays.
  fs::create_directories(temp / "out");
  fs::create_symlink(temp / "in/model.safetensors", temp / "out/model-00001-of-00002.safetensors");
  fs::create_symlink(temp / "in/model.safetensors",
                     temp / "out/model-00001-of-00002.safetensors.mod-tmp");
  fs::create_symlink(temp / "in/model.safetensors", temp / "out/mod_merge.mod-tmp.mod-tmp");
  fs::create_symlink(temp / "in/model.safetensors", temp / "out/config.json.mod-tmp");
  run(temp / "out", options);
  EXPECT_EQ(read_text(temp / "in/model.safetensors"), "weights");
  EXPECT_FALSE(fs::is_symlink(temp / "out/model-00001-of-00002.safetensors"));
  EXPECT_EQ(names(temp / "out"), kFinished);
}

TEST(OutputFolder, PlacesThatCannotBeFoldersAreNamed) {
  const TempFolder temp;
  write_text(temp / "file", "x");
  expect_refused(temp / "file", {}, "is no folder");
  expect_refused(temp / "file/out", {}, "is no folder");
  fs::create_symlink(temp / "nowhere", temp / "dangling");
  expect_refused(temp / "dangling", {}, "is no folder");
  expect_refused("", {}, "has no name");
}

TEST(OutputFolder, CheckChangesNothing) {
  const TempFolder temp;
  run_killed_at(3, temp / "out");
  const Names before = names(temp / "out");
  OutputFolder::check(temp / "out", {});
  OutputFolder::check(temp / "other/deep", {});
  EXPECT_EQ(names(temp / "out"), before);
  EXPECT_FALSE(fs::exists(temp / "other"));
}

TEST(OutputFolder, TwoRunsExcludeEachOther) {
  const TempFolder temp;
  OutputFolder first(temp.path(), {}, quiet());
  first.create_shards(layout(1), {});
  const Names before = names(temp.path());
  EXPECT_EQ(in_child([&] { OutputFolder(temp.path(), {}, quiet()); }), 99);
  expect_refused(temp.path(), {.overwrite = true}, "another run is writing here");
  EXPECT_EQ(names(temp.path()), before);
}

TEST(OutputFolder, WritesFromManyThreadsLandAtTheirOffsets) {
  const TempFolder temp;
  OutputFolder out(temp.path(), {}, quiet());
  out.create_shards({{"model.safetensors", "H", 1 + 64 * 1000}}, {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&out, t] {
      for (int i = t; i < 64; i += 4) {
        const std::string data(1000, static_cast<char>('0' + i));
        out.write(0, 1 + 1000 * static_cast<std::uint64_t>(i), std::as_bytes(std::span(data)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::string expected = "H";
  for (int i = 0; i < 64; ++i) expected.append(1000, static_cast<char>('0' + i));
  std::string got(expected.size(), '?');
  out.shard_file(0).read_at(std::as_writable_bytes(std::span(got.data(), got.size())), 0);
  EXPECT_EQ(got, expected);
}

TEST(OutputFolder, CopiesFilesOfAnySize) {
  const TempFolder temp;
  const std::string large(3'000'001, 'x');
  write_text(temp / "large", large);
  write_text(temp / "none", "");
  OutputFolder out(temp / "out", {}, quiet());
  out.copy_file(temp / "large", "tokenizer.json");
  out.copy_file(temp / "none", "merges.txt");
  expect_error([&] { out.copy_file(temp / "missing", "vocab.json"); }, ErrorCode::kInvalidInput,
               "missing");
  out.commit("");
  EXPECT_EQ(read_text(temp / "out/tokenizer.json"), large);
  EXPECT_EQ(read_text(temp / "out/merges.txt"), "");
  EXPECT_EQ(names(temp / "out"), (Names{"tokenizer.json", "merges.txt"}));
}

TEST(OutputFolder, BrokenPromisesAreInternalErrors) {
  const TempFolder temp;
  OutputFolder out(temp.path(), {}, quiet());
  const auto internal = [](const std::function<void()>& work, std::string_view part) {
    expect_error(work, ErrorCode::kInternal, part);
  };
  internal([&] { out.create_shards({{"../model.safetensors", "H", 9}}, {}); },
           "is no name of a shard");
  internal([&] { out.create_shards({{"weights.dat", "H", 9}}, {}); }, "is no name of a shard");
  internal([&] { out.create_shards({{"model.safetensors", "HEADER", 2}}, {}); },
           "smaller than its header");
  out.create_shards(layout(1), {});
  const std::string data(10, 'd');
  internal([&] { out.write(0, 7, std::as_bytes(std::span(data))); },
           "write of 10 bytes at 7 of shard 0");
  internal([&] { out.write(1, 0, std::as_bytes(std::span(data))); }, "of shard 1");
  internal([&] { out.write(-1, 0, std::as_bytes(std::span(data))); }, "of shard -1");
  internal([&] { out.write(0, ~std::uint64_t{0}, std::as_bytes(std::span(data))); }, "write of");
  internal([&] { out.commit(""); }, "commit before shard");
  internal([&] { out.create_shards(layout(1), {}); }, "called twice");
  internal([&] { out.add_file("a/b", ""); }, "is no name of a file");
  out.finish_shard(0);
  internal([&] { out.write(0, 7, std::as_bytes(std::span(data).first(1))); }, "of shard 0");
  internal([&] { out.commit(kIndexName); }, "without its index");
}

TEST(CheckpointFileNames, AreExactlyThoseOfACheckpoint) {
  for (const char* name : {"model.safetensors", "model-00003-of-00012.safetensors", "config.json",
                           "pytorch_model-00001-of-00002.bin", "tokenizer.model", "mod_report.json",
                           "mergekit_config.yml", "chat_template.jinja", "anything.mod-tmp"}) {
    EXPECT_TRUE(is_checkpoint_file(name)) << name;
  }
  for (const char* name :
       {"", "model", "model-.safetensors", "model-00001-of-.safetensors",
        "model-0000x-of-00002.safetensors", "xmodel.safetensors", "notes.json", "optimizer.pt",
        "consolidated.safetensors", "CONFIG.JSON", "config.json "}) {
    EXPECT_FALSE(is_checkpoint_file(name)) << name;
  }
}

}  // namespace
}  // namespace mod::checkpoint::test
