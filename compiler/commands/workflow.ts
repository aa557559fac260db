// What `pliny init` writes for CI: a workflow for GitHub, and the same in plain shell for any other.

/** The merge commit that GitHub makes of a pull request is checked out; what it is merged into is its first parent. */
export const workflowText = `# Checks the specs of each pull request: that generated/ is what they give, and what they break and for whom.
name: pliny

on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

jobs:
  specs:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write # the comment
      security-events: write # code scanning
    steps:
      - uses: actions/checkout@v6
        with:
          fetch-depth: 2 # the merge and what it is merged into
      - uses: actions/setup-node@v6
        with:
          node-version: 22
      - name: Install
        run: npm ci
      - name: generated/ is what the specs give
        run: npx pliny generate --check --format github
      - name: What the specs break
        if: \${{ !cancelled() && github.event_name == 'pull_request' }}
        run: npx pliny diff --base HEAD^1 --format github
      - name: The same for people and for code scanning
        if: \${{ !cancelled() && github.event_name == 'pull_request' }}
        run: |
          npx pliny diff --base HEAD^1 --format md > pliny.md || true
          npx pliny diff --base HEAD^1 --format sarif > pliny.sarif || true
          cat pliny.md >> "$GITHUB_STEP_SUMMARY"
      # A pull request from a fork may write neither; the summary of the run has it all the same.
      - name: Comment
        if: \${{ !cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository }}
        env:
          GH_TOKEN: \${{ github.token }}
          PULL: \${{ github.event.pull_request.number }}
        run: |
          comment=$(gh api "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" --paginate --jq '.[] | select(.body | startswith("<!-- pliny diff -->")) | .id' | head -n 1)
          if [ -n "$comment" ]; then
            gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$comment" --field body=@pliny.md
          else
            gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" --field body=@pliny.md
          fi
      - name: Code scanning
        if: \${{ !cancelled() && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository }}
        continue-on-error: true # a private repository may not have it
        uses: github/codeql-action/upload-sarif@v4
        with:
          sarif_file: pliny.sarif
`;

export const recipeText = `#!/bin/sh
# What any CI runs for the specs, in the project's folder and after npm ci: sh ci/pliny.sh [base]
set -eu
base=\${1:-\${CI_MERGE_REQUEST_DIFF_BASE_SHA:-origin/main}}

failed=0
npx pliny generate --check || failed=1

# A shallow clone may lack the base; that one commit is enough.
if ! git rev-parse --verify --quiet "$base^{commit}" > /dev/null; then
  git fetch --quiet --depth=1 origin "\${base#origin/}"
  base=FETCH_HEAD
fi
# Where the branch left the base, if that is known: what the base got since is nothing that the branch removed.
base=$(git merge-base "$base" HEAD 2> /dev/null || echo "$base")

npx pliny diff --base "$base" || failed=1
exit "$failed"
`;
