"""The rules, in the order in which a plan folds them."""

from __future__ import annotations

from wizard.rules import (
    add_to_copy,
    apt_clean,
    apt_no_recommends,
    apt_update_install,
    cache_mounts,
    chown_on_copy,
    copy_link,
    dependency_layer,
    dockerignore,
    exec_form_cmd,
    parallel_bytecode,
    parallel_stages,
    pip_no_cache,
    production_dependencies,
    slim_base,
    split_stages,
    torch_cpu_index,
    uv_install,
)
from wizard.rules.base import Rule

RULES: tuple[Rule, ...] = (
    slim_base,
    apt_update_install,
    apt_no_recommends,
    apt_clean,
    add_to_copy,
    dependency_layer,
    torch_cpu_index,
    production_dependencies,
    split_stages,
    parallel_stages,
    uv_install,
    parallel_bytecode,
    cache_mounts,
    pip_no_cache,
    copy_link,
    chown_on_copy,
    exec_form_cmd,
    dockerignore,
)
